import { operatorNames, queryLimits, type Json } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Column, ColumnKind } from './columns.ts'
import { invalidRequest } from './invalid-request.ts'
import { expectation, isComparable, isGeoPoint, listParameter, parameter } from './values.ts'

export type OperatorName = (typeof operatorNames)[number]

const maxTextLength = 20_000
const ordered: ReadonlySet<ColumnKind> = new Set<ColumnKind>([
  'id', 'revision', 'string', 'text', 'richText', 'integer', 'decimal', 'money', 'date', 'datetime', 'zonedDatetime', 'duration', 'sequence',
])
const textual: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['string', 'text', 'richText', 'sequence'])

export function isOperatorName(name: string): name is OperatorName {
  return (operatorNames as readonly string[]).includes(name)
}

/** One test of one column. @throws invalid-request */
export function operatorCondition(column: Column, operator: string, operand: Json): Sql {
  if (!isOperatorName(operator)) throw invalidRequest(`There is no operator "${operator.slice(0, 100)}". Use one of ${operatorNames.join(', ')}.`)
  switch (operator) {
    case 'null': return nullness(column, operand)
    case 'contains': return containsText(column, textOf(column, operator, operand))
    case 'startsWith': return sql`${column.ref} ilike ${`${escaped(textOf(column, operator, operand))}%`}::text`
    case 'eq': return operand === null ? nullness(column, true) : isEqual(column, comparable(column, operator, operand))
    case 'ne': return operand === null ? nullness(column, false) : sql`(${isEqual(column, comparable(column, operator, operand))}) is not true`
    case 'in': return isOneOf(column, comparableList(column, operator, operand))
    case 'nin': return sql`(${isOneOf(column, comparableList(column, operator, operand))}) is not true`
    case 'lt': return ranks(column, operator, operand, '<')
    case 'lte': return ranks(column, operator, operand, '<=')
    case 'gt': return ranks(column, operator, operand, '>')
    case 'gte': return ranks(column, operator, operand, '>=')
    case 'between': return between(column, operand)
    case 'has': return hasLinks(column, operand)
    case 'overlaps': return overlaps(column, operand)
    case 'near': return near(column, operand)
  }
}

function nullness(column: Column, operand: Json): Sql {
  if (typeof operand !== 'boolean') throw invalidRequest(`"null" on ${column.field} takes true or false.`)
  return operand ? sql`${column.ref} is null` : sql`${column.ref} is not null`
}

function textOf(column: Column, operator: OperatorName, operand: Json): string {
  if (!textual.has(column.kind)) throw invalidRequest(`"${operator}" is for text; ${column.field} is ${column.kind}.`)
  if (typeof operand !== 'string' || !isComparable(column, operand) || operand.length > maxTextLength) throw invalidRequest(`"${operator}" on ${column.field} takes text.`)
  return operand
}

/** Whether the text occurs, whatever its case. */
export function containsText(column: Column, text: string): Sql {
  return sql`${column.ref} ilike ${`%${escaped(text)}%`}::text`
}

const escaped = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

// Values of two columns compare in both.
function isEqual(column: Column, value: NonNullable<Json>): Sql {
  const pair = pairOf(column, value)
  if (!pair) return sql`${column.ref} = ${parameter(column, value)}`
  const [left, right] = pair.of(value)
  return sql`(${pair.refs[0]} = ${left}::${sql.raw(pair.types[0])} and ${pair.refs[1]} = ${right}::${sql.raw(pair.types[1])})`
}

const pairOf = (column: Column, value: Json): Column['pair'] => (typeof value === 'object' ? column.pair : undefined)

function isOneOf(column: Column, values: readonly NonNullable<Json>[]): Sql {
  const pairs = values.filter((value) => pairOf(column, value)).length
  if (pairs === 0 || !column.pair) return sql`${column.ref} = any(${listParameter(column, values)})`
  if (pairs < values.length) throw invalidRequest(`The values for ${column.field} must all be of one form: minor units, or { minor, currency }.`)
  const { refs, types, of } = column.pair
  const lists = [0, 1].map((half) => sql`${values.map((value) => of(value)[half])}::${sql.raw(types[half] ?? '')}[]`)
  return sql`(${sql.join(refs)}) in (select * from unnest(${sql.join(lists)}))`
}

function comparable(column: Column, operator: OperatorName, operand: Json | undefined): NonNullable<Json> {
  requireComparable(column, operator)
  if (!isComparable(column, operand) || (typeof operand === 'string' && operand.length > maxTextLength)) throw invalidRequest(`"${operator}" on ${column.field} takes ${expectation(column)}.`)
  return operand
}

function requireComparable(column: Column, operator: OperatorName): void {
  if (column.kind === 'manyToMany') throw invalidRequest(`"${operator}" cannot be used on ${column.field}, which links several records. Use has or null.`)
  if (!column.isFilterable) throw invalidRequest(`"${operator}" on ${column.field} takes ${expectation(column)}.`)
}

function comparableList(column: Column, operator: OperatorName, operand: Json): NonNullable<Json>[] {
  requireComparable(column, operator)
  if (!Array.isArray(operand)) throw invalidRequest(`"${operator}" on ${column.field} takes a list.`)
  if (operand.length > queryLimits.listValues) throw invalidRequest(`"${operator}" on ${column.field} takes at most ${queryLimits.listValues} values.`)
  return operand.map((value) => comparable(column, operator, value))
}

function ranks(column: Column, operator: OperatorName, operand: Json | undefined, comparison: string): Sql {
  if (!ordered.has(column.kind)) throw invalidRequest(`"${operator}" cannot be used on ${column.field}, which is ${column.kind}. Use eq, ne, in or nin.`)
  const value = comparable(column, operator, operand)
  const rank = sql`${column.ref} ${sql.raw(comparison)} ${parameter(column, value)}`
  const pair = pairOf(column, value)
  // Amounts of different currencies are neither more nor less.
  return pair ? sql`(${rank} and ${pair.refs[1]} = ${pair.of(value)[1]}::${sql.raw(pair.types[1])})` : rank
}

function between(column: Column, operand: Json): Sql {
  if (!Array.isArray(operand) || operand.length !== 2) throw invalidRequest(`"between" on ${column.field} takes two values, the smallest and the largest.`)
  return sql`(${ranks(column, 'between', operand[0], '>=')} and ${ranks(column, 'between', operand[1], '<=')})`
}

function hasLinks(column: Column, operand: Json): Sql {
  if (!column.linkTable) throw invalidRequest(`"has" is for fields that link several records; ${column.field} is ${column.kind}.`)
  const ids = Array.isArray(operand) ? operand : [operand]
  if (ids.length > queryLimits.listValues || !ids.every((id) => isComparable(column, id))) throw invalidRequest(`"has" on ${column.field} takes an id or a list of at most ${queryLimits.listValues} ids.`)
  const wanted = [...new Set(ids.map((id) => String(id).toLowerCase()))]
  if (wanted.length === 0) return sql`true`
  return sql`record.id in (select link.source from ${column.linkTable} as link where link.target = any(${wanted}::uuid[]) group by link.source having count(*) = ${wanted.length}::bigint)`
}

function overlaps(column: Column, operand: Json): Sql {
  if (column.kind !== 'timeRange') throw invalidRequest(`"overlaps" is for time ranges; ${column.field} is ${column.kind}.`)
  return sql`${column.ref} && ${parameter(column, comparable(column, 'overlaps', operand))}`
}

/** IUGG mean radius of the Earth. */
const earthRadius = 6_371_008.8
/** Half the way round. */
const furthest = Math.ceil(Math.PI * earthRadius)

function near(column: Column, operand: Json): Sql {
  if (column.kind !== 'geoPoint' || !column.pair) throw invalidRequest(`"near" is for places; ${column.field} is ${column.kind}.`)
  const { metres, ...point } = typeof operand === 'object' && operand !== null && !Array.isArray(operand) ? operand : {}
  if (!isGeoPoint(point) || typeof metres !== 'number' || !(metres >= 0 && metres <= furthest)) throw invalidRequest(`"near" on ${column.field} takes { lat, lng, metres }, with at most ${furthest} metres.`)
  const [lat, lng] = column.pair.refs
  const degrees = (metres / earthRadius) * (180 / Math.PI) + 1e-9
  const away = (ref: Sql, from: number): Sql => sql`sin(radians(greatest(abs(${ref} - ${from}::double precision), 1e-100)) / 2) ^ 2`
  // Haversine. PostgreSQL fails where a product is too small for a double, so nothing is nearer than 1e-100 degrees, and 0 metres are a micrometre; a migration may have
  // written what has no sine: then there is no distance, and no error.
  return sql`(${lat} between ${point.lat - degrees}::double precision and ${point.lat + degrees}::double precision and case when ${lat} between -90 and 90 and ${lng} between -180 and 180 then
    ${2 * earthRadius}::double precision * asin(least(1, sqrt(${away(lat, point.lat)} + cos(radians(greatest(abs(${lat}), 1e-100))) * ${Math.cos((point.lat * Math.PI) / 180)}::double precision * ${away(lng, point.lng)}))) <= ${Math.max(metres, 1e-6)}::double precision else false end)`
}
