import { OpsFluxError, type Bucket, type Json } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import type { DatabaseTransaction } from '../database/index.ts'
import { toJson, type Column } from './columns.ts'
import { columnOf, conditionsOf, invalidRequest, isObject, type Condition } from './conditions.ts'
import type { AggregateGroup, EntityAggregate } from './entity-transaction.ts'
import { allOf } from './list-query.ts'
import type { ReleaseEntity } from './release-entities.ts'

interface Grouping {
  column: Column
  expression: RawBuilder<unknown>
}

const maxGroups = 3
const maxSums = 20
const maxRows = 1_000
// Buckets are named by their beginning, in UTC: a day `2026-03-01`, a month `2026-03`, a year `2026`.
const bucketFormats: Record<Bucket, string> = { day: 'YYYY-MM-DD', month: 'YYYY-MM', year: 'YYYY' }

/**
 * Counts and adds up records by group, in the order of the groups.
 * @throws invalid-request, also when there would be more than 1,000 groups
 */
export async function selectGroups(transaction: DatabaseTransaction, entity: ReleaseEntity, allowed: Condition, aggregate: EntityAggregate): Promise<AggregateGroup[]> {
  const { where, groupBy = [], sum = [], ...others } = aggregate
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) throw invalidRequest(`An aggregate has no "${unknown.slice(0, 100)}". It has where, groupBy and sum.`)
  const groups = groupingsOf(entity, groupBy)
  const sums = sumsOf(entity, sum)
  const selection = [
    sql`count(*) as "count"`,
    ...groups.map((group, index) => sql`${group.expression} as ${sql.id(`group:${index}`)}`),
    ...sums.map((column, index) => sql`sum(record.${column.ref})::text as ${sql.id(`sum:${index}`)}`),
  ]
  const places = sql.join(groups.map((_group, index) => sql.lit(index + 2)))
  const grouped = groups.length === 0 ? sql`` : sql`group by ${places} order by ${places}`
  const { rows } = await sql<Record<string, unknown>>`select ${sql.join(selection)} from ${entity.table} as record
    where ${allOf([allowed, ...conditionsOf(entity, where)])} ${grouped} limit ${maxRows + 1}`.execute(transaction)
  if (rows.length > maxRows) throw new OpsFluxError('invalid-request', `There are more than ${maxRows} groups. Narrow "where" or group by fewer fields.`)
  return rows.map((row) => ({
    group: Object.fromEntries(groups.map(({ column }, index) => [column.field, toJson(column.kind, row[`group:${index}`])])),
    count: Number(row['count']),
    sum: Object.fromEntries(sums.map((column, index) => [column.field, row[`sum:${index}`] as string | null])),
  }))
}

function groupingsOf(entity: ReleaseEntity, groupBy: EntityAggregate['groupBy']): Grouping[] {
  if (!Array.isArray(groupBy) || groupBy.length > maxGroups) throw invalidRequest(`"groupBy" takes at most ${maxGroups} fields.`)
  const groups = groupBy.map((item: Json) => groupingOf(entity, item))
  if (new Set(groups.map((group) => group.column.field)).size < groups.length) throw invalidRequest('"groupBy" names a field twice.')
  return groups
}

function groupingOf(entity: ReleaseEntity, item: Json): Grouping {
  const { field, bucket, ...others } = isObject(item) ? item : { field: item }
  if (typeof field !== 'string' || Object.keys(others).length > 0) throw invalidRequest('"groupBy" takes names of fields, or { field, bucket }.')
  const column = columnOf(entity, field)
  if (bucket !== undefined) return { column, expression: bucketOf(column, bucket) }
  if (column.kind === 'json') throw invalidRequest(`${field} is JSON: it cannot be grouped by.`)
  if (column.kind === 'datetime') return { column, expression: sql`to_char(record.${column.ref} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` }
  return { column, expression: column.kind === 'date' ? sql`to_char(record.${column.ref}, 'YYYY-MM-DD')` : sql`record.${column.ref}` }
}

function bucketOf(column: Column, bucket: Json): RawBuilder<unknown> {
  if (typeof bucket !== 'string' || !Object.hasOwn(bucketFormats, bucket)) throw invalidRequest('"bucket" is day, month or year.')
  if (column.kind !== 'datetime' && column.kind !== 'date') throw invalidRequest(`${column.field} is ${column.kind}: only dates have buckets.`)
  const instant = column.kind === 'datetime' ? sql`record.${column.ref} at time zone 'UTC'` : sql`record.${column.ref}`
  return sql`to_char(${instant}, ${sql.lit(bucketFormats[bucket as Bucket])})`
}

function sumsOf(entity: ReleaseEntity, sum: EntityAggregate['sum']): Column[] {
  if (!Array.isArray(sum) || sum.length > maxSums) throw invalidRequest(`"sum" takes at most ${maxSums} fields.`)
  return [...new Set<unknown>(sum)].map((field) => {
    if (typeof field !== 'string') throw invalidRequest('"sum" takes names of fields.')
    const column = columnOf(entity, field)
    if (column.kind !== 'integer' && column.kind !== 'decimal') throw invalidRequest(`${field} is ${column.kind}: only numbers are added up.`)
    return column
  })
}
