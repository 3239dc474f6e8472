import type { Column } from './model.ts'

/** How values of one type become another's. */
export interface Cast {
  /** SQL that never fails: a value that does not fit becomes null, or is cut to size. */
  sql(column: string): string
  /** False: every value comes back as it was when it is cast back. */
  losesSome: boolean
}

const wholeDigits = 15
/** Days that are in the calendar: others would stop the migration. */
const leapYear = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)'
const day = `(?!0000)([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|${leapYear}-02-29)`
const instant = `${day}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])`
const isoInstant = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`

const textKinds = ['string', 'text', 'richText']
const plainKinds = [...textKinds, 'integer', 'duration', 'decimal', 'boolean', 'date', 'datetime', 'json']

/** Whether the values of one column can be those of another: the id of a user is no company, a sealed text no text, and what is one of a list, or a number given once, nothing but text. */
export function isConvertible(from: Pick<Column, 'kind' | 'type' | 'target'>, to: Pick<Column, 'kind' | 'type' | 'target'>): boolean {
  if (from.kind === to.kind) return from.target === to.target && (from.type === to.type || castOf(from.type, to.type) !== undefined)
  const kinds = [from.kind ?? '', to.kind ?? '']
  const others = kinds.filter((kind) => kind !== 'enum' && kind !== 'sequence')
  const known = others.length === 2 ? plainKinds : textKinds
  return others.length > 0 && others.every((kind) => known.includes(kind)) && (from.type === to.type || castOf(from.type, to.type) !== undefined)
}

/** The cast between two column types; undefined where there is none that makes sense. */
export function castOf(from: string, to: string): Cast | undefined {
  return casts[`${familyOf(from)}>${familyOf(to)}`]?.(from, to)
}

const familyOf = (type: string): string => (type.startsWith('varchar') || type === 'char(3)' ? 'text' : type.replace(/\(.*$/, ''))
const lengthOf = (type: string): number => Number(/\((\d+)/.exec(type)?.[1] ?? Infinity)
const digitsOf = (type: string): { whole: number; scale: number } => {
  const [, precision = '18', scale = '0'] = /\((\d+),(\d+)\)/.exec(type) ?? []
  return { whole: Number(precision) - Number(scale), scale: Number(scale) }
}

const exact = (sql: Cast['sql']): Cast => ({ sql, losesSome: false })
const lossy = (sql: Cast['sql']): Cast => ({ sql, losesSome: true })
const when = (pattern: string, value: Cast['sql']): Cast => lossy((column) => `case when ${column} ~ '^${pattern}$' then ${value(column)} end`)
/** Text of at most so many characters. */
const asText = (to: string, most: number, value: Cast['sql']): Cast => (lengthOf(to) >= most ? exact(value) : lossy((column) => `left(${value(column)}, ${lengthOf(to)})`))

const casts: Record<string, (from: string, to: string) => Cast> = {
  'text>text': (from, to) => asText(to, lengthOf(from), (column) => column),
  'bigint>text': (_, to) => asText(to, 20, (column) => `${column}::text`),
  'numeric>text': (_, to) => asText(to, 1_002, (column) => `${column}::text`),
  'boolean>text': (_, to) => asText(to, 5, (column) => `${column}::text`),
  'uuid>text': (_, to) => asText(to, 36, (column) => `${column}::text`),
  'date>text': (_, to) => asText(to, 10, (column) => `to_char(${column}, 'YYYY-MM-DD')`),
  'timestamptz>text': (_, to) => ({ ...asText(to, 24, (column) => `to_char(${column} at time zone 'UTC', ${isoInstant})`), losesSome: true }),
  'jsonb>text': (_, to) => ({ ...asText(to, Infinity, (column) => `(${column} #>> '{}')`), losesSome: true }),
  'text>jsonb': () => exact((column) => `to_jsonb(${column}::text)`),
  'text>bigint': () => when(`-?[0-9]{1,${wholeDigits}}`, (column) => `${column}::bigint`),
  'text>numeric': (_, to) => when(`-?[0-9]{1,${digitsOf(to).whole}}([.][0-9]+)?`, (column) => `trunc(${column}::numeric, ${digitsOf(to).scale})`),
  'text>boolean': () => when('(true|false)', (column) => `${column}::boolean`),
  'text>uuid': () => when('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', (column) => `${column}::uuid`),
  'text>date': () => when(day, (column) => `${column}::date`),
  'text>timestamptz': () => when(instant, (column) => `${column}::timestamptz`),
  'bigint>numeric': (_, to) => fitting(to, (column) => column),
  'numeric>numeric': (_, to) => fitting(to, (column) => `round(${column}, ${digitsOf(to).scale})`),
  'numeric>bigint': () => lossy((column) => `case when abs(${column}) < 9007199254740992 then round(${column})::bigint end`),
  'bigint>boolean': () => lossy((column) => `${column} <> 0`),
  'boolean>bigint': () => exact((column) => `${column}::integer::bigint`),
  'date>timestamptz': () => exact((column) => `${column}::timestamp at time zone 'UTC'`),
  'timestamptz>date': () => lossy((column) => `(${column} at time zone 'UTC')::date`),
}

function fitting(to: string, value: Cast['sql']): Cast {
  const { whole } = digitsOf(to)
  return lossy((column) => `case when abs(${value(column)}) < 1e${whole} then ${value(column)} end`)
}
