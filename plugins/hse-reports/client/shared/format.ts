import type { Expanded } from '@opsflux/sdk/client'

/** `2026-03-05T07:40:00.000Z` in the user's language and time zone. */
export function instantText(value: string | null | undefined, locale: string): string {
  return value ? new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(value)) : '–'
}

/** A calendar day; it is the same day in every time zone. */
export function dayText(value: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(value))
}

/** Whether a calendar day is over. */
export const isOver = (day: string): boolean => day < new Date().toISOString().slice(0, 10)

/** `2026-03` or `2026-03-01`. */
export function monthText(value: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${value.slice(0, 7)}-01T00:00:00Z`))
}

export function countText(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value)
}

/** The name of a person that was asked for with `expand`. */
export function nameText(person: string | Expanded | null | undefined): string {
  return typeof person === 'object' && person !== null ? String(person.name) : '–'
}

/** A rate with two decimals; a dash where it is undefined, since no hours are known. */
export function rateText(value: number | null, locale: string): string {
  return value === null ? '—' : new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)
}

/** An instant as `<input type="datetime-local">` takes it, in the user's time zone. */
export function toLocalInput(value: string | null | undefined): string {
  if (!value) return ''
  const date = new Date(value)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** The instant a `datetime-local` input means; undefined when it is empty. */
export function fromLocalInput(value: string): string | undefined {
  return value ? new Date(value).toISOString() : undefined
}
