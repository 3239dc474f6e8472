/*
 * PostgreSQL's text of a value (session in UTC, dates in ISO) → its JSON text. What PostgreSQL can hold and JSON or this API cannot,
 * written by a migration, is answered as null: NaN and infinity, and days and instants outside of the years 1 to 9999.
 */

export const quoted = (text: string): string => `"${text}"`

export const bare = (text: string): string => text

export const booleanJson = (text: string): string => (text === 't' || text === 'true' ? 'true' : 'false')

const nine = 57
export function decimalJson(text: string): string {
  return text.charCodeAt(text.length - 1) > nine ? 'null' : `"${text}"`
}

/** `NaN`, `Infinity`, `-Infinity`. */
export const isFiniteText = (text: string): boolean => !/[NI]/.test(text)

export function dateJson(text: string): string {
  return text.length === 10 && text[4] === '-' ? `"${text}"` : 'null'
}

/** `2026-03-01 08:30:00.5+00` → `"2026-03-01T08:30:00.500Z"`; finer parts of a millisecond are cut off. */
export function instantJson(text: string): string {
  const instant = instantOf(text)
  return instant === null ? 'null' : `"${instant}"`
}

export function instantOf(text: string): string | null {
  if (text[4] !== '-' || text.endsWith('C')) return null
  const milliseconds = text.length === 22 ? '000' : text.slice(20, -3).padEnd(3, '0').slice(0, 3)
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${milliseconds}Z`
}
