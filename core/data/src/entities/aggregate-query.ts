import { buckets, OpsFluxError, queryLimits, type Bucket, type Json } from '@opsflux/sdk'
import type { TextRow } from '../database/batch.ts'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { columnOf, conditionsOf, invalidRequest, isObject, type Condition } from './conditions.ts'
import { narrowedByTenant } from './custom-entity.ts'
import type { AggregateGroup, EntityAggregate } from './entity-transaction.ts'
import { allOf, binCondition } from './list-query.ts'
import type { Related } from './related.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { searchOf } from './search.ts'

/** One value of an answer, and how its text becomes JSON. */
interface Answered {
  field: string
  expression: Sql
  read(text: string): Json
}
type Measure = 'sum' | 'avg' | 'min' | 'max'

const measures: readonly Measure[] = ['sum', 'avg', 'min', 'max']
const parameters: ReadonlySet<string> = new Set(['where', 'q', 'groupBy', 'zone', ...measures])
// Buckets are named by their beginning; weeks by ISO 8601, in the year they belong to.
const bucketFormats: Record<Bucket, string> = { day: 'YYYY-MM-DD', week: 'IYYY-"W"IW', month: 'YYYY-MM', quarter: 'YYYY-"Q"Q', year: 'YYYY' }
const added: ReadonlySet<string> = new Set(['integer', 'decimal', 'duration', 'money'])
const ordered: ReadonlySet<string> = new Set([...added, 'date', 'datetime', 'revision'])

/**
 * Counts and measures records by group, in the order of the groups.
 * @throws invalid-request, also when there would be more than 1,000 groups
 */
export async function selectGroups(transaction: DatabaseTransaction, { entity, allowed, related, aggregate }: { entity: ReleaseEntity; allowed: Condition; related: Related; aggregate: EntityAggregate }): Promise<AggregateGroup[]> {
  const unknown = Object.keys(aggregate).find((name) => !parameters.has(name))
  if (unknown !== undefined) throw invalidRequest(`An aggregate has no "${unknown.slice(0, 100)}". It has ${[...parameters].join(', ')}.`)
  const zone = zoneOf(aggregate.zone)
  const groups = groupsOf(entity, aggregate.groupBy, zone)
  const measured = measures.map((measure) => [measure, measuresOf(entity, measure, aggregate[measure])] as const)
  const all = measured.flatMap(([, list]) => list)
  if (all.length > queryLimits.measures) throw invalidRequest(`An aggregate takes at most ${queryLimits.measures} measures.`)
  const places = groups.map((_group, index) => sql.raw(String(index + 2)))
  const grouped = groups.length === 0 ? sql`` : sql`group by ${sql.join(places)} order by ${sql.join(places)}`
  const conditions = [allowed, ...narrowedByTenant(entity, { where: aggregate.where ?? {} }), ...binCondition(entity), ...conditionsOf(entity, aggregate.where, related), ...(searchOf(entity, aggregate.q)?.conditions ?? [])]
  const rows = await transaction.texts(sql`select ${sql.join([sql`count(*)`, ...groups, ...all].map((one) => ('expression' in one ? one.expression : one)))} from ${entity.table} as record
    where ${allOf(conditions)} ${grouped} limit ${sql.raw(String(queryLimits.groupRows + 1))}`)
  if (rows.length > queryLimits.groupRows) throw new OpsFluxError('invalid-request', `There are more than ${queryLimits.groupRows} groups. Narrow "where" or group by fewer fields.`)
  return rows.map((row) => groupOf(row, groups, measured))
}

function groupOf([count, ...texts]: TextRow, groups: readonly Answered[], measured: readonly (readonly [Measure, readonly Answered[]])[]): AggregateGroup {
  let place = 0
  const take = (list: readonly Answered[]): { [field: string]: Json } => Object.fromEntries(list.map(({ field, read }) => {
    const text = texts[place++]
    return [field, text === null || text === undefined ? null : read(text)]
  }))
  return { group: take(groups), count: Number(count), ...Object.fromEntries(measured.map(([measure, list]) => [measure, take(list)])) } as AggregateGroup
}

function groupsOf(entity: ReleaseEntity, groupBy: EntityAggregate['groupBy'] = [], zone: Sql): Answered[] {
  if (!Array.isArray(groupBy) || groupBy.length > queryLimits.groups) throw invalidRequest(`"groupBy" takes at most ${queryLimits.groups} fields.`)
  const groups = groupBy.map((item: Json) => groupingOf(entity, item, zone))
  if (new Set(groups.map(({ field }) => field)).size < groups.length) throw invalidRequest('"groupBy" names a field twice.')
  return groups
}

function groupingOf(entity: ReleaseEntity, item: Json, zone: Sql): Answered {
  const { field, bucket, ...others } = isObject(item) ? item : { field: item }
  if (typeof field !== 'string' || Object.keys(others).length > 0) throw invalidRequest('"groupBy" takes names of fields, or { field, bucket }.')
  const column = columnOf(entity, field)
  if (bucket !== undefined) return { field, expression: bucketOf(column, bucket, zone), read: (text) => text }
  if (!column.isGroupable) throw invalidRequest(`${field} is ${column.kind}: it cannot be grouped by.`)
  return { field, expression: column.ref, read: column.kind === 'money' ? Number : (text) => column.read(text) }
}

function bucketOf(column: Column, bucket: Json, zone: Sql): Sql {
  if (typeof bucket !== 'string' || !(buckets as readonly string[]).includes(bucket)) throw invalidRequest(`"bucket" is one of ${buckets.join(', ')}.`)
  const isInstant = column.type === 'timestamptz'
  if (!isInstant && column.kind !== 'date') throw invalidRequest(`${column.field} is ${column.kind}: only dates have buckets.`)
  return sql`to_char(${isInstant ? sql`${column.ref} at time zone ${zone}` : column.ref}, ${sql.raw(`'${bucketFormats[bucket as Bucket]}'`)})`
}

// A literal: as a parameter, the expression selected would not be known to be the one grouped by.
function zoneOf(zone: string = 'UTC'): Sql {
  if (typeof zone !== 'string' || !/^[A-Za-z][\w+/-]{0,60}$/.test(zone) || !isZone(zone)) throw invalidRequest('"zone" is the name of a time zone, such as Africa/Libreville.')
  return sql.raw(`'${zone}'`)
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function measuresOf(entity: ReleaseEntity, measure: Measure, fields: readonly string[] = []): Answered[] {
  if (!Array.isArray(fields)) throw invalidRequest(`"${measure}" takes names of fields.`)
  return [...new Set<unknown>(fields)].map((field) => {
    if (typeof field !== 'string') throw invalidRequest(`"${measure}" takes names of fields.`)
    return measureOf(columnOf(entity, field), measure)
  })
}

function measureOf(column: Column, measure: Measure): Answered {
  const adds = measure === 'sum' || measure === 'avg'
  if (!(adds ? added : ordered).has(column.kind)) throw invalidRequest(`${column.field} is ${column.kind}: ${adds ? 'only numbers are added up' : 'only numbers and dates have a smallest and a largest'}.`)
  return { field: column.field, expression: sql`${sql.raw(measure)}(${column.ref})`, read: adds ? (text) => text : column.kind === 'money' ? Number : (text) => column.read(text) }
}
