/** Why a change is refused, in the user's language. */
const messages = {
  en: {
    occurredInFuture: 'An incident cannot lie in the future: check the date and time it occurred.',
    awareInFuture: 'You cannot have learned of it in the future: check the date and time.',
    openActions: 'The incident still has open corrective actions: complete them before closing it.',
    futureMonth: 'Hours can be entered only for months that have begun.',
    dueInPast: 'The due date has already passed: choose today or later.',
    periodBackwards: 'The period ends before it begins: exchange the two dates.',
    periodTooLong: 'The period is longer than ten years: choose a shorter one.',
  },
  fr: {
    occurredInFuture: 'Un incident ne peut pas se situer dans le futur : vérifiez la date et l’heure de survenue.',
    awareInFuture: 'Vous ne pouvez pas en avoir eu connaissance dans le futur : vérifiez la date et l’heure.',
    openActions: 'L’incident a encore des actions correctives ouvertes : terminez-les avant de le clore.',
    futureMonth: 'Les heures ne se saisissent que pour les mois déjà commencés.',
    dueInPast: 'L’échéance est déjà passée : choisissez aujourd’hui ou plus tard.',
    periodBackwards: 'La période finit avant de commencer : inversez les deux dates.',
    periodTooLong: 'La période dépasse dix ans : choisissez-en une plus courte.',
  },
  es: {
    occurredInFuture: 'Un incidente no puede estar en el futuro: revise la fecha y la hora en que ocurrió.',
    awareInFuture: 'No puede haberlo conocido en el futuro: revise la fecha y la hora.',
    openActions: 'El incidente aún tiene acciones correctivas abiertas: complételas antes de cerrarlo.',
    futureMonth: 'Solo se pueden registrar horas de meses que ya han comenzado.',
    dueInPast: 'La fecha límite ya pasó: elija hoy o una fecha posterior.',
    periodBackwards: 'El período termina antes de empezar: intercambie las dos fechas.',
    periodTooLong: 'El período supera los diez años: elija uno más corto.',
  },
  pt: {
    occurredInFuture: 'Um incidente não pode estar no futuro: verifique a data e a hora da ocorrência.',
    awareInFuture: 'Não pode ter tido conhecimento no futuro: verifique a data e a hora.',
    openActions: 'O incidente ainda tem ações corretivas em aberto: conclua-as antes de o encerrar.',
    futureMonth: 'Só é possível registar horas de meses que já começaram.',
    dueInPast: 'O prazo já passou: escolha hoje ou uma data posterior.',
    periodBackwards: 'O período termina antes de começar: troque as duas datas.',
    periodTooLong: 'O período ultrapassa dez anos: escolha um mais curto.',
  },
} as const

export type Refusal = keyof typeof messages.en

export function refusal(reason: Refusal, locale: string): string {
  const language = locale.slice(0, 2).toLowerCase()
  return (Object.hasOwn(messages, language) ? messages[language as keyof typeof messages] : messages.en)[reason]
}
