import type { FieldError, Json } from '@opsflux/sdk'
import { sql } from 'kysely'
import type { DatabaseTransaction } from '../database/index.ts'
import type { Column } from './columns.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { validationFailed } from './validator.ts'

/** Names by id of those ids that are users of the transaction's tenant. */
export type UserLookup = (transaction: DatabaseTransaction, userIds: readonly string[]) => Promise<ReadonlyMap<string, string>>

/**
 * Refuses ids of records and users that are not of the tenant.
 * PostgreSQL checks foreign keys past row-level security, so they alone would let a record of another tenant be referred to.
 * @throws validation-failed
 */
export async function checkReferences(
  transaction: DatabaseTransaction, release: ReleaseEntities, entity: ReleaseEntity, values: Readonly<Record<string, Json>>, findUsers: UserLookup,
): Promise<void> {
  const given = entity.list.flatMap((column): { column: Column; id: string }[] => {
    const id = column.declaration && Object.hasOwn(values, column.field) ? values[column.field] : undefined
    return typeof id === 'string' && (column.kind === 'reference' || column.kind === 'user') ? [{ column, id: id.toLowerCase() }] : []
  })
  const errors: FieldError[] = []
  for (const [target, group] of Map.groupBy(given, ({ column }) => column.declaration?.entity)) {
    const ids = group.map(({ id }) => id)
    const found = target === undefined ? await findUsers(transaction, ids) : await existing(transaction, release.entity(target), ids)
    for (const { column, id } of group) {
      if (!found.has(id)) errors.push({ path: `/${column.field}`, code: 'reference', message: `There is no such ${target ?? 'user'}.` })
    }
  }
  if (errors.length > 0) throw validationFailed(errors)
}

async function existing(transaction: DatabaseTransaction, target: ReleaseEntity, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`select id from ${target.table} where id = any(${ids}::uuid[])`.execute(transaction)
  return new Set(rows.map((row) => row.id))
}
