import type { Page } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import type { DatabaseTransaction } from '../database/index.ts'
import { toRecord } from './columns.ts'
import { conditionsOf, containsText, invalidRequest, type Condition } from './conditions.ts'
import { afterCursor, cursorOf, cursorSelection, decodeCursor } from './cursor.ts'
import type { EntityQuery, Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { isStorableText } from './field-formats.ts'
import { orderBy, sortKeysOf } from './sort.ts'

const parameters: ReadonlySet<string> = new Set(['where', 'sort', 'limit', 'after', 'q', 'count'])
const defaultLimit = 25
const maxLimit = 200
const maxWords = 10
const maxWordsLength = 200

/** One page of records, in one statement; one more when a count is asked for. @throws invalid-request */
export async function selectPage(transaction: DatabaseTransaction, entity: ReleaseEntity, allowed: Condition, query: EntityQuery): Promise<Page<Row>> {
  const unknown = Object.keys(query).find((name) => !parameters.has(name))
  if (unknown !== undefined) throw invalidRequest(`There is no parameter "${unknown.slice(0, 100)}". Use ${[...parameters].join(', ')}.`)
  const limit = limitOf(query.limit)
  const keys = sortKeysOf(entity, query.sort)
  const conditions = [allowed, ...conditionsOf(entity, query.where), ...wordConditions(entity, query.q)]
  const after = query.after === undefined ? [] : [afterCursor(keys, decodeCursor(keys, query.after))]
  const total = query.count === true ? await countRows(transaction, entity, conditions) : undefined
  const { rows } = await sql<Record<string, unknown>>`select ${entity.selection}, ${sql.join(cursorSelection(keys))} from ${entity.table} as record
    where ${allOf([...conditions, ...after])} order by ${orderBy(keys)} limit ${limit + 1}`.execute(transaction)
  const last = rows.length > limit ? rows[limit - 1] : undefined
  const data = rows.slice(0, limit).map((row) => toRecord(entity.list, row))
  return { data, next: last ? cursorOf(keys, last) : null, ...(total === undefined ? {} : { total }) }
}

export async function countRows(transaction: DatabaseTransaction, entity: ReleaseEntity, conditions: readonly Condition[]): Promise<number> {
  const { rows } = await sql<{ count: unknown }>`select count(*) as count from ${entity.table} as record where ${allOf(conditions)}`.execute(transaction)
  return Number(rows[0]?.count ?? 0)
}

export function allOf(conditions: readonly Condition[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)
}

function limitOf(limit: number = defaultLimit): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit) throw invalidRequest(`"limit" takes a whole number from 1 to ${maxLimit}.`)
  return limit
}

/** Every word must occur in one of the fields that are searched. */
function wordConditions(entity: ReleaseEntity, q: string | undefined): Condition[] {
  if (q === undefined) return []
  if (typeof q !== 'string' || q.length > maxWordsLength || !isStorableText(q)) throw invalidRequest(`"q" takes text of at most ${maxWordsLength} characters.`)
  const columns = (entity.declaration.search ?? []).flatMap((field) => entity.columns.get(field) ?? [])
  if (columns.length === 0) throw invalidRequest(`${entity.name} has no fields that are searched: "q" cannot be used.`)
  const words = q.split(/\s+/).filter((word) => word !== '')
  if (words.length > maxWords) throw invalidRequest(`"q" takes at most ${maxWords} words.`)
  return words.map((word) => sql<boolean>`(${sql.join(columns.map((column) => containsText(column, word)), sql` or `)})`)
}
