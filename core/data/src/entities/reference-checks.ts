import type { FieldError, Json } from '@opsflux/sdk'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { customReferences } from './custom-entity.ts'
import type { Lookup } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { StoredRecord } from './stored-record.ts'
import { validationFailed } from './validator.ts'
import type { Values, Writing } from './writing.ts'

interface Reference { column: Column; id: string; path: string }

/**
 * Refuses ids of records, users, companies, departments and files that are not there, in the bin, or of another tenant.
 * PostgreSQL checks foreign keys past row-level security, so they alone would let a record of another tenant be referred to.
 * @param before ids it has already are not asked about again
 * @throws validation-failed
 */
export async function checkReferences(writing: Writing, entity: ReleaseEntity, values: Values, before?: StoredRecord): Promise<void> {
  const named = [...entity.list.flatMap((column) => referencesOf(column, values[column.field])), ...customReferences(entity, values)]
  const given = named.filter(({ column, id }) => before?.text(column.field) !== id)
  const errors: FieldError[] = []
  for (const [target, group] of Map.groupBy(given, ({ column }) => column.declaration?.entity ?? column.kind)) {
    const found = await existing(writing, target, group)
    for (const { id, path } of group) {
      if (!found.has(id)) errors.push({ path, code: 'reference', message: `There is no such ${target.split('/').at(-1)}.` })
    }
  }
  if (errors.length > 0) throw validationFailed(errors)
}

function referencesOf(column: Column, value: Json | undefined): Reference[] {
  switch (column.kind) {
    case 'reference': case 'user': case 'company': case 'department': case 'file':
      return column.declaration && typeof value === 'string' ? [{ column, id: value.toLowerCase(), path: `/${column.field}` }] : []
    case 'manyToMany':
      return Array.isArray(value) ? value.map((id, index) => ({ column, id: String(id).toLowerCase(), path: `/${column.field}/${index}` })) : []
    default: return []
  }
}

async function existing({ transaction, parts, actor, related }: Writing, target: string, group: readonly Reference[]): Promise<{ has(id: string): boolean }> {
  const ids = [...new Set(group.map(({ id }) => id))]
  const lookup = lookupOf(parts.lookups, group[0]?.column.kind)
  if (lookup) return lookup(transaction, ids, actor)
  const entity = related.resolve(target)
  return entity ? recordsOf(transaction, entity, ids) : new Set<string>()
}

function lookupOf(lookups: Writing['parts']['lookups'], kind: Column['kind'] | undefined): Lookup | undefined {
  if (kind !== 'user' && kind !== 'company' && kind !== 'department' && kind !== 'file') return undefined
  return lookups[kind] ?? (async () => new Map())
}

async function recordsOf(transaction: DatabaseTransaction, entity: ReleaseEntity, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const bin = entity.features.softDelete ? sql` and record.deleted_at is null` : sql``
  // Who deletes one of them waits, and whoever is deleting one is waited for: what is referred to stays out of the bin until this is committed.
  const rows = await transaction.texts(sql`select record.id from ${entity.table} as record where record.id = any(${ids}::uuid[])${bin} order by record.id for key share`)
  return new Set(rows.map(([id]) => id ?? ''))
}
