import type { TextRow } from '../database/batch.ts'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { Values, Writing } from './writing.ts'

/** Writes the links of the `manyToMany` fields that are given, in their order. */
export function linkStatements({ actor }: Writing, entity: ReleaseEntity, id: string, values: Values, { isNew = true } = {}): Sql[] {
  return entity.links.filter(({ column }) => Object.hasOwn(values, column.field)).flatMap(({ column, table }) => [
    ...(isNew ? [] : [sql`delete from ${table} where source = ${id}::uuid`]),
    sql`insert into ${table} (tenant_id, source, target, position)
      select ${actor.tenantId}::uuid, ${id}::uuid, target, position - 1 from unnest(${idsOf(values, column)}::uuid[]) with ordinality as given (target, position)`,
  ])
}

/** A row returned by a write was read before its links were written: what was given takes their place. */
export function withLinks(entity: ReleaseEntity, columns: readonly Column[], row: readonly (string | null)[], values: Values): TextRow {
  if (entity.links.length === 0) return [...row]
  return row.map((text, index) => {
    const column = columns[index]
    return column?.kind === 'manyToMany' && Object.hasOwn(values, column.field) ? JSON.stringify(idsOf(values, column)) : text
  })
}

const idsOf = (values: Values, { field }: Column): string[] => (Array.isArray(values[field]) ? values[field].map(String) : [])
