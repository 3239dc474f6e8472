/** What of an added field the kit shows; a `CustomField` of the SDK is one. */
export interface AddedField {
  name: string
  kind: 'string' | 'text' | 'integer' | 'decimal' | 'boolean' | 'date' | 'datetime' | 'enum' | 'user'
  label: { en: string; fr?: string; es?: string; pt?: string }
  help?: { en?: string; fr?: string; es?: string; pt?: string }
  required?: boolean
  values?: readonly string[]
  scale?: number
  maxLength?: number
}

/** The `custom` of a record. */
export type AddedValues = { readonly [name: string]: unknown }

/** In the reader's language, else in English. */
export function textIn(texts: AddedField['help'], locale: string): string | undefined {
  const language = locale.slice(0, 2)
  return (language === 'fr' || language === 'es' || language === 'pt' ? texts?.[language] : undefined) ?? texts?.en
}

/** A value as its input shows it. */
export function inputText({ kind }: AddedField, value: unknown): string {
  if (value === null || value === undefined) return ''
  if (kind === 'datetime' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) return localMinute(new Date(value))
  return String(value)
}

/** What an input says as a value; null for nothing. What is no value stays text, and the server says so. */
export function inputValue({ kind }: AddedField, text: string): unknown {
  if (text === '') return null
  switch (kind) {
    case 'integer': return /^-?\d{1,16}$/.test(text.trim()) ? Number(text) : text
    case 'boolean': return text === 'true'
    case 'decimal': return text.trim().replace(',', '.')
    case 'datetime': return Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString()
    default: return text
  }
}

/** A change of the whole `custom` as one of each value that became another: `custom.badge`. */
export function addedChanges<T extends { from: unknown; to: unknown }>(change: T): (readonly [string, T])[] {
  const [from, to] = [valuesOf(change.from), valuesOf(change.to)]
  const names = Object.keys({ ...from, ...to }).filter((name) => (from[name] ?? null) !== (to[name] ?? null))
  return names.map((name) => [`custom.${name}`, { ...change, from: from[name] ?? null, to: to[name] ?? null }])
}

const valuesOf = (custom: unknown): AddedValues => (typeof custom === 'object' && custom !== null ? { ...custom } : {})

// As `datetime-local` takes it, in the time zone of the browser.
function localMinute(instant: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${String(instant.getFullYear()).padStart(4, '0')}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}T${two(instant.getHours())}:${two(instant.getMinutes())}`
}

/** A value for people; undefined when there is none. */
export function shownText({ kind, scale = 0 }: AddedField, value: unknown, locale: string): string | undefined {
  if (value === null || value === undefined || value === '') return undefined
  switch (kind) {
    case 'integer': return new Intl.NumberFormat(locale).format(Number(value))
    // As text it is exact, whatever its length.
    case 'decimal': return new Intl.NumberFormat(locale, { minimumFractionDigits: scale, maximumFractionDigits: scale }).format(String(value) as `${number}`)
    case 'date': return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${String(value)}T00:00:00Z`))
    case 'datetime': return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(String(value)))
    default: return String(value)
  }
}
