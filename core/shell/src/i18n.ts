import { createI18n } from 'vue-i18n'
import customFieldsEn from './custom-fields/locales/en.json'
import en from './locales/en.json'
import modulesEn from './modules/locales/en.json'

export const locales = [
  { value: 'en', label: 'English' },
  { value: 'fr', label: 'Français' },
  { value: 'es', label: 'Español' },
  { value: 'pt', label: 'Português' },
] as const
export type Locale = (typeof locales)[number]['value']

const loaders: Record<Exclude<Locale, 'en'>, () => Promise<object>> = {
  fr: async () => ({ ...(await import('./locales/fr.json')).default, modules: (await import('./modules/locales/fr.json')).default, customFields: (await import('./custom-fields/locales/fr.json')).default }),
  es: async () => ({ ...(await import('./locales/es.json')).default, modules: (await import('./modules/locales/es.json')).default, customFields: (await import('./custom-fields/locales/es.json')).default }),
  pt: async () => ({ ...(await import('./locales/pt.json')).default, modules: (await import('./modules/locales/pt.json')).default, customFields: (await import('./custom-fields/locales/pt.json')).default }),
}

export const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages: { en: { ...en, modules: modulesEn, customFields: customFieldsEn } } })
const storedKey = 'opsflux.locale'

/** The language of `wanted`, a list of BCP 47 tags: the first we speak, else English. */
export function localeOf(wanted: readonly string[]): Locale {
  const found = wanted.map((tag) => tag.slice(0, 2)).find((tag) => locales.some((locale) => locale.value === tag))
  return (found ?? 'en') as Locale
}

/** The language before anybody has signed in: the last one chosen here, else the browser's. */
export function preferredLocale(): Locale {
  return localeOf([localStorage.getItem(storedKey) ?? '', ...navigator.languages])
}

/** Loads and shows a language. */
export async function useLocale(locale: Locale): Promise<void> {
  if (locale !== 'en' && !i18n.global.availableLocales.includes(locale as 'en')) i18n.global.setLocaleMessage(locale, await loaders[locale]() as never)
  i18n.global.locale.value = locale as 'en'
  document.documentElement.lang = locale
  localStorage.setItem(storedKey, locale)
}
