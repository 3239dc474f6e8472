import { computed, inject, provide, toValue, type ComputedRef, type InjectionKey, type MaybeRefOrGetter } from 'vue'

/** The few texts the kit itself says. */
export interface UiMessages {
  close: string
  loading: string
  optional: string
  choose: string
  noOptions: string
  previous: string
  next: string
  searchPages: string
  nothingFound: string
  notifications: string
  dismiss: string
  breadcrumbs: string
  pagination: string
  chartData: string
  ascending: string
  descending: string
  sortBy: string
  yes: string
  no: string
  noValue: string
}

export const uiMessages = {
  en: {
    close: 'Close', loading: 'Loading', optional: 'optional', choose: 'Choose…', noOptions: 'Nothing to choose from', previous: 'Previous', next: 'Next',
    searchPages: 'Search pages…', nothingFound: 'Nothing found', notifications: 'Messages', dismiss: 'Dismiss', breadcrumbs: 'Breadcrumbs', pagination: 'Pages',
    chartData: 'Data of the chart', ascending: 'ascending', descending: 'descending', sortBy: 'Sort by', yes: 'Yes', no: 'No', noValue: 'No value',
  },
  fr: {
    close: 'Fermer', loading: 'Chargement', optional: 'facultatif', choose: 'Choisir…', noOptions: 'Aucun choix', previous: 'Précédent', next: 'Suivant',
    searchPages: 'Rechercher une page…', nothingFound: 'Aucun résultat', notifications: 'Messages', dismiss: 'Ignorer', breadcrumbs: 'Fil d’Ariane', pagination: 'Pages',
    chartData: 'Données du graphique', ascending: 'croissant', descending: 'décroissant', sortBy: 'Trier par', yes: 'Oui', no: 'Non', noValue: 'Aucune valeur',
  },
  es: {
    close: 'Cerrar', loading: 'Cargando', optional: 'opcional', choose: 'Elegir…', noOptions: 'No hay opciones', previous: 'Anterior', next: 'Siguiente',
    searchPages: 'Buscar páginas…', nothingFound: 'Sin resultados', notifications: 'Mensajes', dismiss: 'Descartar', breadcrumbs: 'Ruta de navegación', pagination: 'Páginas',
    chartData: 'Datos del gráfico', ascending: 'ascendente', descending: 'descendente', sortBy: 'Ordenar por', yes: 'Sí', no: 'No', noValue: 'Sin valor',
  },
  pt: {
    close: 'Fechar', loading: 'A carregar', optional: 'opcional', choose: 'Escolher…', noOptions: 'Sem opções', previous: 'Anterior', next: 'Seguinte',
    searchPages: 'Procurar páginas…', nothingFound: 'Sem resultados', notifications: 'Mensagens', dismiss: 'Dispensar', breadcrumbs: 'Caminho de navegação', pagination: 'Páginas',
    chartData: 'Dados do gráfico', ascending: 'crescente', descending: 'decrescente', sortBy: 'Ordenar por', yes: 'Sim', no: 'Não', noValue: 'Sem valor',
  },
} as const satisfies Record<string, UiMessages>

const localeKey: InjectionKey<ComputedRef<string>> = Symbol.for('opsflux.ui.locale') as InjectionKey<ComputedRef<string>>

/** Tells the kit below this component which language to speak: a BCP 47 tag. Default `en`. */
export function provideUiLocale(locale: MaybeRefOrGetter<string>): void {
  provide(localeKey, computed(() => toValue(locale)))
}

/** The language of the kit below this component, for `Intl`. */
export function useUiLocale(): ComputedRef<string> {
  const locale = inject(localeKey, undefined)
  return computed(() => locale?.value ?? 'en')
}

export function useUiMessages(): ComputedRef<UiMessages> {
  return useTextsOf<UiMessages>(uiMessages)
}

/** Of texts in four languages, those of the language to speak. */
export function useTextsOf<T>(texts: Record<'en' | 'fr' | 'es' | 'pt', T>): ComputedRef<T> {
  const locale = useUiLocale()
  return computed(() => {
    const language = locale.value.slice(0, 2)
    return language === 'fr' || language === 'es' || language === 'pt' ? texts[language] : texts.en
  })
}
