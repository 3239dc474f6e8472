import type { ComputedRef } from 'vue'
import { useTextsOf } from './messages.ts'

/** What history, comments and attachments of a record say. */
export interface RecordMessages {
  tryAgain: string
  more: string
  cancel: string
  save: string
  edit: string
  remove: string
  actionsOf: string
  failed: string
  offline: string
  offlineText: string
  someone: string
  history: {
    label: string
    none: string
    noneText: string
    actions: Record<'create' | 'update' | 'delete' | 'transition' | 'restore' | 'purge', string>
    byModule: string
    becomes: string
    showAll: string
  }
  comments: {
    label: string
    none: string
    noneText: string
    write: string
    answer: string
    answerTo: string
    send: string
    edited: string
    removed: string
    removeTitle: string
    removeText: string
    tooLong: string
  }
  attachments: {
    label: string
    none: string
    noneText: string
    add: string
    drop: string
    uploading: string
    tooLarge: string
    removeTitle: string
    removeText: string
    by: string
  }
}

export const recordMessages = {
  en: {
    tryAgain: 'Try again', more: 'Show more', cancel: 'Cancel', save: 'Save', edit: 'Edit', remove: 'Delete', actionsOf: 'Actions on {name}',
    failed: 'This could not be loaded', offline: 'You are offline', offlineText: 'It is loaded as soon as the connection is back.', someone: 'Somebody',
    history: {
      label: 'History', none: 'No changes yet', noneText: 'Every change of this record will be listed here.',
      actions: { create: '{name} created it', update: '{name} changed it', delete: '{name} put it in the bin', transition: '{name}: {step}', restore: '{name} took it out of the bin', purge: '{name} erased it' },
      byModule: 'by the module {module}', becomes: 'becomes', showAll: 'Show all {count} fields',
    },
    comments: {
      label: 'Comments', none: 'No comments yet', noneText: 'Ask a question or leave a note for those who work on this.', write: 'Write a comment', answer: 'Answer', answerTo: 'Answer to {name}', send: 'Send', edited: 'edited',
      removed: 'This comment was deleted.', removeTitle: 'Delete the comment?', removeText: 'It cannot be brought back.', tooLong: 'At most {max} characters; there are {count}.',
    },
    attachments: {
      label: 'Attachments', none: 'No attachments yet', noneText: 'Pictures and documents up to {size}.', add: 'Add files', drop: 'or drop them here', uploading: 'Sending {name}', tooLarge: 'Larger than {size}.',
      removeTitle: 'Remove {name}?', removeText: 'It is taken off this record.', by: '{size} · {name}, {at}',
    },
  },
  fr: {
    tryAgain: 'Réessayer', more: 'Afficher plus', cancel: 'Annuler', save: 'Enregistrer', edit: 'Modifier', remove: 'Supprimer', actionsOf: 'Actions sur {name}',
    failed: 'Le chargement a échoué', offline: 'Vous êtes hors ligne', offlineText: 'Le chargement reprendra dès le retour de la connexion.', someone: 'Quelqu’un',
    history: {
      label: 'Historique', none: 'Aucune modification', noneText: 'Chaque modification de cette fiche sera listée ici.',
      actions: { create: 'Création par {name}', update: 'Modification par {name}', delete: 'Mise à la corbeille par {name}', transition: '{name} : {step}', restore: 'Sortie de la corbeille par {name}', purge: 'Effacement par {name}' },
      byModule: 'par le module {module}', becomes: 'devient', showAll: 'Afficher les {count} champs',
    },
    comments: {
      label: 'Commentaires', none: 'Aucun commentaire', noneText: 'Posez une question ou laissez une note à ceux qui y travaillent.', write: 'Écrire un commentaire', answer: 'Répondre', answerTo: 'Répondre à {name}', send: 'Envoyer', edited: 'modifié',
      removed: 'Ce commentaire a été supprimé.', removeTitle: 'Supprimer le commentaire ?', removeText: 'Il ne pourra pas être rétabli.', tooLong: '{max} caractères au plus ; il y en a {count}.',
    },
    attachments: {
      label: 'Pièces jointes', none: 'Aucune pièce jointe', noneText: 'Images et documents jusqu’à {size}.', add: 'Ajouter des fichiers', drop: 'ou déposez-les ici', uploading: 'Envoi de {name}', tooLarge: 'Dépasse {size}.',
      removeTitle: 'Retirer {name} ?', removeText: 'Le fichier est retiré de cette fiche.', by: '{size} · {name}, {at}',
    },
  },
  es: {
    tryAgain: 'Reintentar', more: 'Mostrar más', cancel: 'Cancelar', save: 'Guardar', edit: 'Editar', remove: 'Eliminar', actionsOf: 'Acciones sobre {name}',
    failed: 'No se pudo cargar', offline: 'Sin conexión', offlineText: 'Se cargará en cuanto vuelva la conexión.', someone: 'Alguien',
    history: {
      label: 'Historial', none: 'Aún no hay cambios', noneText: 'Aquí aparecerá cada cambio de este registro.',
      actions: { create: 'Creado por {name}', update: 'Modificado por {name}', delete: 'Enviado a la papelera por {name}', transition: '{name}: {step}', restore: 'Recuperado de la papelera por {name}', purge: 'Borrado por {name}' },
      byModule: 'por el módulo {module}', becomes: 'pasa a', showAll: 'Mostrar los {count} campos',
    },
    comments: {
      label: 'Comentarios', none: 'Aún no hay comentarios', noneText: 'Haga una pregunta o deje una nota a quienes trabajan en esto.', write: 'Escribir un comentario', answer: 'Responder', answerTo: 'Responder a {name}', send: 'Enviar', edited: 'editado',
      removed: 'Este comentario se eliminó.', removeTitle: '¿Eliminar el comentario?', removeText: 'No se podrá recuperar.', tooLong: 'Como máximo {max} caracteres; hay {count}.',
    },
    attachments: {
      label: 'Archivos adjuntos', none: 'Aún no hay archivos', noneText: 'Imágenes y documentos de hasta {size}.', add: 'Añadir archivos', drop: 'o suéltelos aquí', uploading: 'Enviando {name}', tooLarge: 'Supera {size}.',
      removeTitle: '¿Quitar {name}?', removeText: 'Se quita de este registro.', by: '{size} · {name}, {at}',
    },
  },
  pt: {
    tryAgain: 'Tentar de novo', more: 'Mostrar mais', cancel: 'Cancelar', save: 'Guardar', edit: 'Editar', remove: 'Eliminar', actionsOf: 'Ações sobre {name}',
    failed: 'Não foi possível carregar', offline: 'Está sem ligação', offlineText: 'Será carregado assim que a ligação voltar.', someone: 'Alguém',
    history: {
      label: 'Histórico', none: 'Ainda sem alterações', noneText: 'Todas as alterações deste registo aparecem aqui.',
      actions: { create: 'Criado por {name}', update: 'Alterado por {name}', delete: 'Enviado para o lixo por {name}', transition: '{name}: {step}', restore: 'Retirado do lixo por {name}', purge: 'Apagado por {name}' },
      byModule: 'pelo módulo {module}', becomes: 'passa a', showAll: 'Mostrar os {count} campos',
    },
    comments: {
      label: 'Comentários', none: 'Ainda sem comentários', noneText: 'Faça uma pergunta ou deixe uma nota a quem trabalha nisto.', write: 'Escrever um comentário', answer: 'Responder', answerTo: 'Responder a {name}', send: 'Enviar', edited: 'editado',
      removed: 'Este comentário foi eliminado.', removeTitle: 'Eliminar o comentário?', removeText: 'Não poderá ser recuperado.', tooLong: 'No máximo {max} caracteres; há {count}.',
    },
    attachments: {
      label: 'Anexos', none: 'Ainda sem anexos', noneText: 'Imagens e documentos até {size}.', add: 'Adicionar ficheiros', drop: 'ou largue-os aqui', uploading: 'A enviar {name}', tooLarge: 'Excede {size}.',
      removeTitle: 'Remover {name}?', removeText: 'É retirado deste registo.', by: '{size} · {name}, {at}',
    },
  },
} as const satisfies Record<string, RecordMessages>

export function useRecordMessages(): ComputedRef<RecordMessages> {
  return useTextsOf<RecordMessages>(recordMessages)
}

/** Puts values into `{blanks}`. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (blank, name: string) => String(values[name] ?? blank))
}
