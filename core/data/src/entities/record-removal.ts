import { OpsFluxError } from '@opsflux/sdk'
import { sql } from '../database/sql.ts'
import { askHooks } from './before-hooks.ts'
import { logStatement } from './change-log.ts'
import type { Seen } from './entity-transaction.ts'
import { lockRecord } from './record-lock.ts'
import { save } from './record-writer.ts'
import { detachReferrers, erasedWith, removedWith, refuseReferrers, referrersOf } from './referrers.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { StoredRecord } from './stored-record.ts'
import type { Writing } from './writing.ts'

/** Puts the record in the bin, with those that go with it; erases it where there is no bin. */
export async function removeRecord(writing: Writing, entity: ReleaseEntity, id: string, seen: Seen): Promise<void> {
  const { stored, record } = await lockRecord(writing, entity, id, { action: 'delete', seen })
  const hooks = await askHooks(writing, entity, 'beforeDelete', record)
  await remove(writing, entity, stored, hooks, new Set())
}

async function remove(writing: Writing, entity: ReleaseEntity, stored: StoredRecord, hooks: string[], done: Set<string>): Promise<void> {
  const { id } = stored
  done.add(id)
  const referrers = referrersOf(writing, entity)
  await refuseReferrers(writing, entity, referrers, id)
  for (const { entity: dependent, id: dependentId } of await removedWith(writing, referrers, [id])) {
    if (!done.has(dependentId)) await removeDependent(writing, dependent, dependentId, done)
  }
  if (!entity.features.softDelete) return erase(writing, entity, stored, hooks)
  const sets = [sql`deleted_at = ${writing.now}::timestamptz`, sql`deleted_by = ${writing.actor.userId}::uuid`]
  await save({ ...writing, isWhole: writing.isWhole && done.size === 1 }, entity, stored, { action: 'delete', changes: {}, hooks, values: {}, sets, record: stored.record() })
}

// It goes by declaration of its module, whatever the user may do with it alone.
async function removeDependent(writing: Writing, entity: ReleaseEntity, id: string, done: Set<string>): Promise<void> {
  const { stored, record } = await lockRecord({ ...writing, ability: anything }, entity, id, { action: 'delete', seen: {} })
  const hooks = await askHooks(writing, entity, 'beforeDelete', record)
  await remove({ ...writing, isWhole: false }, entity, stored, hooks, done)
}

/** Takes the record out of the bin, with those that went there together with it. */
export async function restoreRecord(writing: Writing, entity: ReleaseEntity, id: string, seen: Seen): Promise<StoredRecord> {
  const { stored } = await lockRecord(writing, entity, id, { action: 'delete', seen, deleted: true })
  const sets = [sql`deleted_at = null`, sql`deleted_by = null`]
  const restored = await save({ ...writing, isWhole: false }, entity, stored, { action: 'restore', changes: {}, values: {}, sets })
  for (const dependent of await removedWith(writing, referrersOf(writing, entity), [id], stored.text('deletedAt') ?? '')) {
    await restoreRecord({ ...writing, ability: anything, isWhole: false }, dependent.entity, dependent.id, {})
  }
  return restored
}

/** Erases a record that is in the bin, for good. Its history stays. */
export async function purgeRecord(writing: Writing, entity: ReleaseEntity, id: string, seen: Seen): Promise<void> {
  if (!entity.features.softDelete) throw new OpsFluxError('not-found', `${entity.name} has no bin: delete the record instead.`)
  const { stored } = await lockRecord(writing, entity, id, { action: 'manage', seen, deleted: true })
  await purge(writing, entity, stored, new Set())
}

// Foreign keys would take records along without a word: those in the bin are erased one by one, those that were taken out of it keep this one.
async function purge(writing: Writing, entity: ReleaseEntity, stored: StoredRecord, done: Set<string>): Promise<void> {
  const { id } = stored
  done.add(id)
  const referrers = referrersOf(writing, entity)
  await refuseReferrers(writing, entity, referrers.map((one) => (one.onDelete === 'cascade' ? { ...one, onDelete: 'restrict' } : one)), id)
  for (const dependent of await erasedWith(writing, referrers, id)) {
    if (done.has(dependent.id)) continue
    const locked = await lockRecord({ ...writing, ability: anything }, dependent.entity, dependent.id, { action: 'manage', seen: {}, deleted: true })
    await purge({ ...writing, isWhole: false }, dependent.entity, locked.stored, done)
  }
  await erase(writing, entity, stored, [])
}

async function erase(writing: Writing, entity: ReleaseEntity, stored: StoredRecord, hooks: string[]): Promise<void> {
  const { id, revision } = stored
  const action = entity.features.softDelete ? 'purge' : 'delete'
  writing.parts.forgetRecord?.(writing.transaction, { pluginId: entity.pluginId, entity: entity.name, id })
  await writing.transaction.many([
    ...detachReferrers(referrersOf(writing, entity), id),
    ...entity.links.map(({ table }) => sql`delete from ${table} where source = ${id}::uuid`),
    sql`delete from ${entity.table} as record where record.id = ${id}::uuid`,
    logStatement(writing, entity, { action, id, revision: revision + 1, changes: {}, hooks, record: stored.record(), purged: true }),
  ], { last: writing.isWhole })
}

const anything: Writing['ability'] = {
  require: () => undefined, requireWith: () => undefined, requireCreate: () => undefined, requireMove: () => undefined, condition: () => sql`true`, writable: () => new Set(),
}
