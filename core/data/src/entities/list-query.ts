import { queryLimits, type Page } from '@opsflux/sdk'
import type { TextRow } from '../database/batch.ts'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql, type Sql } from '../database/sql.ts'
import { rowToJson, rowToRecord, type Column } from './columns.ts'
import { conditionsOf, invalidRequest, type Condition } from './conditions.ts'
import type { Related } from './related.ts'
import { narrowedByTenant } from './custom-entity.ts'
import { afterCursor, cursorSelection, decodeCursor, encodeCursor, wrongCursor } from './cursor.ts'
import type { EntityQuery, Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { searchOf } from './search.ts'
import { selectionOf } from './selection.ts'
import { orderBy, sortKeysOf, type SortKey } from './sort.ts'
import { hasSqlState } from '../database/roles.ts'

const parameters: ReadonlySet<string> = new Set(['where', 'sort', 'limit', 'after', 'page', 'q', 'count', 'fields', 'expand', 'deleted'])

/** A page as it came from the database; written as JSON once, or read into records. */
export class StoredPage {
  readonly columns: readonly Column[]
  readonly rows: readonly TextRow[]
  readonly next: string | null
  readonly total: { total: number; isEstimate?: true } | undefined

  constructor(columns: readonly Column[], rows: readonly TextRow[], next: string | null, total: StoredPage['total']) {
    this.columns = columns
    this.rows = rows
    this.next = next
    this.total = total
  }

  /** With other columns of the same fields. */
  with(columns: readonly Column[]): StoredPage {
    return new StoredPage(columns, this.rows, this.next, this.total)
  }

  toJson(): string {
    const total = this.total ? `,"total":${this.total.total}${this.total.isEstimate ? ',"isEstimate":true' : ''}` : ''
    return `{"data":[${this.rows.map((row) => rowToJson(this.columns, row)).join(',')}],"next":${this.next === null ? 'null' : `"${this.next}"`}${total}}`
  }

  toPage(): Page<Row> {
    return { data: this.rows.map((row) => rowToRecord(this.columns, row)), next: this.next, ...this.total }
  }
}

interface ListRequest {
  /** What the user may see of it. */
  entity: ReleaseEntity
  allowed: Condition
  related: Related
  query: EntityQuery
  /** Nothing follows in the transaction. */
  isLast?: boolean
}

/** One page of records, in one round trip, also with a count. @throws invalid-request */
export async function selectPage(transaction: DatabaseTransaction, { entity, allowed, related, query, isLast = false }: ListRequest): Promise<StoredPage> {
  const unknown = Object.keys(query).find((name) => !parameters.has(name))
  if (unknown !== undefined) throw invalidRequest(`There is no parameter "${unknown.slice(0, 100)}". Use ${[...parameters].join(', ')}.`)
  const limit = limitOf(query.limit)
  const search = searchOf(entity, query.q)
  const keys = sortKeysOf(entity, query.sort, search?.rank)
  const conditions = [allowed, ...narrowedByTenant(entity, query), ...binCondition(entity, query.deleted), ...conditionsOf(entity, query.where, related), ...(search?.conditions ?? [])]
  const selection = selectionOf(entity, query.fields)
  const page = sql`select ${selection.sql}, ${cursorSelection(keys)} from ${entity.table} as record
    where ${allOf([...conditions, ...afterOf(keys, query)])} order by ${orderBy(keys)} limit ${sql.raw(String(limit + 1))}${offsetOf(query, limit)}`
  const [rows = [], counted] = await asked(transaction.many([page, ...countOf(entity, conditions, query)], { last: isLast }), query)
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return new StoredPage(selection.columns, rows.slice(0, limit), last ? encodeCursor(keys, last.slice(selection.columns.length)) : null, totalOf(counted, query.count))
}

export async function countRows(transaction: DatabaseTransaction, entity: ReleaseEntity, conditions: readonly Condition[]): Promise<number> {
  const [row] = await transaction.texts(sql`select count(*) from ${entity.table} as record where ${allOf(conditions)}`)
  return Number(row?.[0] ?? 0)
}

export function allOf(conditions: readonly Condition[]): Sql {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, ' and ')
}

/** Records in the bin show only when asked for. */
export function binCondition(entity: ReleaseEntity, deleted: boolean = false): Condition[] {
  if (typeof deleted !== 'boolean') throw invalidRequest('"deleted" takes true or false.')
  if (entity.features.softDelete) return [deleted ? sql`record.deleted_at is not null` : sql`record.deleted_at is null`]
  if (deleted) throw invalidRequest(`${entity.name} has no bin: "deleted" cannot be used.`)
  return []
}

function limitOf(limit: number = queryLimits.defaultLimit): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > queryLimits.limit) throw invalidRequest(`"limit" takes a whole number from 1 to ${queryLimits.limit}.`)
  return limit
}

function afterOf(keys: readonly SortKey[], { after }: EntityQuery): Condition[] {
  return after === undefined ? [] : [afterCursor(keys, decodeCursor(keys, after))]
}

function offsetOf({ page, after }: EntityQuery, limit: number): Sql {
  if (page === undefined) return sql.raw('')
  if (after !== undefined) throw invalidRequest('"page" and "after" cannot be used together: go on by one of them.')
  if (!Number.isInteger(page) || page < 1 || page * limit > queryLimits.paged) throw invalidRequest(`"page" counts from 1, and pages reach ${queryLimits.paged} records. Go further by "after".`)
  return sql.raw(` offset ${(page - 1) * limit}`)
}

// The planner goes by statistics of all tenants' rows: its estimate for conditions of a caller would tell what others have. Those are counted, so far.
function countOf(entity: ReleaseEntity, conditions: readonly Condition[], { count, where, q }: EntityQuery): Sql[] {
  if (count === undefined || count === false) return []
  if (count !== true && count !== 'exact' && count !== 'estimated') throw invalidRequest('"count" takes true, exact or estimated.')
  const rows = sql`from ${entity.table} as record where ${allOf(conditions)}`
  if (count !== 'estimated') return [sql`select count(*) ${rows}`]
  return [where === undefined && q === undefined ? sql`explain (format json) select 1 ${rows}` : sql`select count(*) from (select 1 ${rows} limit ${sql.raw(String(queryLimits.paged + 1))}) as counted`]
}

function totalOf(counted: TextRow[] | undefined, count: EntityQuery['count']): StoredPage['total'] {
  const text = counted?.[0]?.[0]
  if (typeof text !== 'string') return undefined
  if (count !== 'estimated' || Number(text) <= queryLimits.paged) return { total: Number(text) }
  if (!text.startsWith('[')) return { total: queryLimits.paged, isEstimate: true }
  const [{ Plan: plan }] = JSON.parse(text) as [{ Plan: { 'Plan Rows': number } }]
  return { total: Math.round(plan['Plan Rows']), isEstimate: true }
}

// Class 22: the values of a cursor are texts of a caller that are none of their types.
async function asked<T>(answer: Promise<T>, { after }: EntityQuery): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw after !== undefined && hasSqlState(error, '22P02', '22007', '22008', '22003') ? wrongCursor() : error
  }
}
