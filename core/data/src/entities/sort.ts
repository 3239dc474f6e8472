import { sql, type RawBuilder } from 'kysely'
import type { Column } from './columns.ts'
import { columnOf, invalidRequest } from './conditions.ts'
import type { EntityQuery } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'

export interface SortKey {
  column: Column
  descending: boolean
  /** What is compared. Names are qualified: in `order by` a bare one would mean the text that is selected under it. */
  rank: RawBuilder<unknown>
}

const maxSortFields = 4

/**
 * What a list is sorted by. Ends in the id, in the direction of the last field, so that no two records are equal.
 * Without a sort: by id, which is the order of creation.
 * @throws invalid-request
 */
export function sortKeysOf(entity: ReleaseEntity, sort: EntityQuery['sort']): SortKey[] {
  const names = sort === undefined ? [] : typeof sort === 'string' ? [sort] : sort
  if (!Array.isArray(names) || names.length > maxSortFields) throw invalidRequest(`"sort" takes at most ${maxSortFields} fields.`)
  const keys = names.map((name) => sortKey(entity, name))
  const fields = keys.map((key) => key.column.field)
  if (new Set(fields).size < fields.length) throw invalidRequest('"sort" names a field twice.')
  const last = fields.indexOf('id')
  return last >= 0 ? keys.slice(0, last + 1) : [...keys, keyOf(columnOf(entity, 'id'), keys.at(-1)?.descending ?? false)]
}

function sortKey(entity: ReleaseEntity, name: unknown): SortKey {
  if (typeof name !== 'string' || name === '') throw invalidRequest('"sort" takes names of fields, with - before them for descending.')
  const descending = name.startsWith('-')
  const column = columnOf(entity, descending ? name.slice(1) : name)
  if (column.kind === 'json') throw invalidRequest(`${column.field} is JSON: it cannot be sorted by.`)
  return keyOf(column, descending)
}

// Cursors carry what is compared, in an address: long text is told apart by its beginning.
function keyOf(column: Column, descending: boolean): SortKey {
  const long = column.kind === 'text' || (column.declaration?.maxLength ?? 0) > 255
  return { column, descending, rank: long ? sql`left(record.${column.ref}, 100)` : sql`record.${column.ref}` }
}

/** Null comes last, and first when descending: PostgreSQL's own order, which its indexes have. */
export function orderBy(keys: readonly SortKey[]): RawBuilder<unknown> {
  return sql.join(keys.map(({ rank, descending }) => (descending ? sql`${rank} desc` : rank)))
}
