import type { GeoPoint, Json, Money, TimeRange } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Column, ColumnKind } from './columns.ts'
import { isCalendarDate, isInstant, isStorableText, isZonedInstant } from './field-formats.ts'
import { rangeLiteral } from './kinds/kind-columns.ts'
import { parseZoned } from './kinds/zoned-instant.ts'
import { isUuid } from './uuid.ts'

/** Whether a column of this kind can be compared with the value. Stricter rules of the field do not matter to a comparison. */
export function isComparable(column: Column, value: Json | undefined): value is NonNullable<Json> {
  if (!column.isFilterable || value === undefined || value === null) return false
  switch (column.kind) {
    case 'integer': case 'duration': case 'revision': return Number.isSafeInteger(value)
    case 'boolean': return typeof value === 'boolean'
    case 'money': return Number.isSafeInteger(value) || isMoney(value)
    case 'timeRange': return isTimeRange(value)
    case 'geoPoint': return isGeoPoint(value)
    default: return typeof value === 'string' && isComparableText(column, value)
  }
}

function isComparableText(column: Column, text: string): boolean {
  switch (column.kind) {
    case 'decimal': return /^-?\d{1,400}(\.\d{1,400})?$/.test(text)
    case 'date': return isCalendarDate(text)
    case 'datetime': return isInstant(text)
    case 'zonedDatetime': return isInstant(text) || isZonedInstant(text)
    case 'id': case 'reference': case 'manyToMany': case 'user': case 'company': case 'department': case 'file': return isUuid(text)
    default: return isStorableText(text)
  }
}

const parts: ReadonlySet<string> = new Set(['minor', 'currency', 'from', 'to', 'lat', 'lng'])

/** Whether a key belongs to values of several parts: money, time ranges and places. */
export const isPartOfValue = (name: string): boolean => parts.has(name)

const isObject = (value: Json): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)
const has = (value: { [key: string]: Json }, ...keys: string[]): boolean => Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key))

export function isMoney(value: Json): value is Money {
  return isObject(value) && has(value, 'minor', 'currency') && Number.isSafeInteger(value['minor']) && typeof value['currency'] === 'string' && /^[A-Z]{3}$/.test(value['currency'])
}

/** `to` after `from`, or null. */
export function isTimeRange(value: Json): value is TimeRange {
  if (!isObject(value) || !has(value, 'from', 'to')) return false
  const { from, to } = value
  return typeof from === 'string' && isInstant(from) && (to === null || (typeof to === 'string' && isInstant(to) && isAfter(to, from)))
}

export function isAfter(later: string, earlier: string): boolean {
  const [[second, rest], [since, before]] = [microsecondsOf(later), microsecondsOf(earlier)]
  return second > since || (second === since && rest > before)
}

/** Seconds and microseconds, rounded as PostgreSQL keeps them. */
function microsecondsOf(instant: string): [number, number] {
  const rest = Math.round(Number(/\.\d+/.exec(instant)?.[0] ?? 0) * 1e6)
  return [Math.floor(Date.parse(instant) / 1_000) + Math.floor(rest / 1e6), rest % 1e6]
}

export function isGeoPoint(value: Json): value is GeoPoint {
  return isObject(value) && has(value, 'lat', 'lng') && isWithin(value['lat'], 90) && isWithin(value['lng'], 180)
}

const isWithin = (value: Json | undefined, most: number): boolean => typeof value === 'number' && value >= -most && value <= most

/** A comparable value as a parameter of the column's type; of money its minor units. */
export function parameter(column: Column, value: Json): Sql {
  return sql`${bound(column, value)}::${sql.raw(column.type)}`
}

/** Comparable values as one parameter, an array. */
export function listParameter(column: Column, values: readonly Json[]): Sql {
  return sql`${values.map((value) => bound(column, value))}::${sql.raw(column.type)}[]`
}

function bound(column: Column, value: Json): unknown {
  if (column.kind === 'zonedDatetime' && typeof value === 'string') return parseZoned(value)?.instant ?? value
  if (column.kind === 'timeRange') return rangeLiteral(value as TimeRange)
  return column.kind === 'money' && isMoney(value) ? value.minor : value
}

/** The JSON a text of a query string stands for; undefined when it is not of the kind. */
export function fromText(kind: ColumnKind, text: string): Json | undefined {
  switch (kind) {
    case 'integer': case 'duration': case 'revision': case 'money': return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined
    case 'boolean': return text === 'true' ? true : text === 'false' ? false : undefined
    default: return text
  }
}

/** What a value of the column looks like, for error messages. */
export function expectation(column: Column): string {
  switch (column.kind) {
    case 'integer': case 'duration': case 'revision': return 'a whole number'
    case 'decimal': return 'a decimal such as 12.50'
    case 'money': return 'a whole number of minor units, or { minor, currency }'
    case 'boolean': return 'true or false'
    case 'date': return 'a day as YYYY-MM-DD'
    case 'datetime': return 'a date and time with its offset, such as 2026-03-01T08:30:00Z'
    case 'zonedDatetime': return 'a date and time with its offset, such as 2026-03-01T08:30:00Z or 2026-03-01T09:30:00+01:00[Africa/Libreville]'
    case 'timeRange': return '{ from, to }: two instants, or null for no end'
    case 'geoPoint': return '{ lat, lng } in degrees'
    case 'id': case 'reference': case 'manyToMany': case 'user': case 'company': case 'department': case 'file': return 'an id'
    case 'json': case 'encrypted': return `nothing: ${column.kind} fields can only be tested with "null"`
    default: return 'text'
  }
}
