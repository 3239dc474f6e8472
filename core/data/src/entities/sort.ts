import { queryLimits } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { columnOf, invalidRequest } from './conditions.ts'
import type { EntityQuery } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'

export interface SortKey {
  /** As a sort names it. */
  field: string
  descending: boolean
  /** What is compared. Names are qualified: in `order by` a bare one would mean the text that is selected under it. */
  rank: Sql
  /** SQL type of what is compared. */
  type: string
  mayBeNull: boolean
}

const neverNull: ReadonlySet<string> = new Set(['id', 'revision', 'createdAt', 'updatedAt', 'state'])

/**
 * What a list is sorted by. Ends in the id, in the direction of the last field, so that no two records are equal.
 * Without a sort: by id, which is the order of creation.
 * @param first what goes before the id when no sort is asked for
 * @throws invalid-request
 */
export function sortKeysOf(entity: ReleaseEntity, sort: EntityQuery['sort'], first: readonly SortKey[] = []): SortKey[] {
  const names = sort === undefined ? [] : typeof sort === 'string' ? [sort] : sort
  if (!Array.isArray(names) || names.length > queryLimits.sortFields) throw invalidRequest(`"sort" takes at most ${queryLimits.sortFields} fields.`)
  const keys = names.length === 0 ? [...first] : names.map((name) => sortKey(entity, name))
  const fields = keys.map((key) => key.field)
  if (new Set(fields).size < fields.length) throw invalidRequest('"sort" names a field twice.')
  const last = fields.indexOf('id')
  return last >= 0 ? keys.slice(0, last + 1) : [...keys, keyOf(columnOf(entity, 'id'), keys.at(-1)?.descending ?? false)]
}

function sortKey(entity: ReleaseEntity, name: unknown): SortKey {
  if (typeof name !== 'string' || name === '') throw invalidRequest('"sort" takes names of fields, with - before them for descending.')
  const descending = name.startsWith('-')
  const column = columnOf(entity, descending ? name.slice(1) : name)
  if (!column.isSortable) throw invalidRequest(`${column.field} is ${column.kind}: it cannot be sorted by.`)
  return keyOf(column, descending)
}

// Cursors carry what is compared, in an address: long text is told apart by its beginning.
function keyOf(column: Column, descending: boolean): SortKey {
  const long = column.kind === 'text' || column.kind === 'richText' || (column.declaration?.maxLength ?? 0) > 255
  const mayBeNull = !neverNull.has(column.field) && (column.declaration?.required !== true || column.declaration.computed !== undefined)
  return { field: column.field, descending, rank: long ? sql`left(${column.ref}, 100)` : column.ref, type: long ? 'text' : column.type, mayBeNull }
}

/** Null comes last, and first when descending: PostgreSQL's own order, which its indexes have. */
export function orderBy(keys: readonly SortKey[]): Sql {
  return sql.join(keys.map(({ rank, descending }) => (descending ? sql`${rank} desc` : rank)))
}
