import { OpsFluxError, type OnDelete } from '@opsflux/sdk'
import { passGate } from '../database/plugin-gate.ts'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { Writing } from './writing.ts'

/** A field by which records of an entity refer to those of another. */
export interface Referrer {
  entity: ReleaseEntity
  column: Column
  onDelete: OnDelete
  /** Of another plugin: no foreign key sees to it. */
  isForeign: boolean
}

const live = sql` and record.deleted_at is null`

/** Records that may go with one deletion. */
const maxRemovedWith = 1_000

/** Every field of the plugins that serve now that refers to this entity. */
export function referrersOf({ parts, release }: Writing, entity: ReleaseEntity): Referrer[] {
  const others = (parts.releases?.() ?? []).filter(({ pluginId }) => pluginId !== release.pluginId)
  return [release, ...others].flatMap((one) => one.all.flatMap((referring) => referring.list.flatMap((column): Referrer[] => {
    const { declaration } = column
    const isForeign = one !== release
    const target = isForeign ? `${entity.pluginId}/${entity.name}` : entity.name
    return declaration?.kind === 'reference' && declaration.entity === target ? [{ entity: referring, column, onDelete: declaration.onDelete ?? 'restrict', isForeign }] : []
  })))
}

/** @throws conflict when a record that is not in the bin refers to this one and forbids its deletion */
export async function refuseReferrers({ transaction }: Writing, entity: ReleaseEntity, referrers: readonly Referrer[], id: string): Promise<void> {
  const restricting = referrers.filter(({ onDelete }) => onDelete === 'restrict')
  if (restricting.length === 0) return
  passGates(restricting).forEach((gate) => transaction.queue(gate))
  const answers = await transaction.many(restricting.map((one) => sql`select 1 from ${one.entity.table} as record where ${refersTo(one, [id])} limit 1`))
  const found = restricting.find((_one, index) => (answers[index]?.length ?? 0) > 0)
  if (found) throw new OpsFluxError('conflict', `This ${entity.name} is referred to by ${found.entity.name} records. Change or delete them first.`, { data: { entity: found.entity.name } })
}

/**
 * The records that go with these, or that went to the bin at the same instant.
 * @throws conflict when there are more than 1,000
 */
export function removedWith(writing: Writing, referrers: readonly Referrer[], ids: readonly string[], deletedAt?: string): Promise<{ entity: ReleaseEntity; id: string }[]> {
  return cascadedTo(writing, referrers, ids, deletedAt === undefined ? live : sql` and record.deleted_at = ${deletedAt}::timestamptz`)
}

/** The records in the bin that are erased with these: those that went there before or after them too. @throws conflict when there are more than 1,000 */
export function erasedWith(writing: Writing, referrers: readonly Referrer[], id: string): Promise<{ entity: ReleaseEntity; id: string }[]> {
  return cascadedTo(writing, referrers, [id], sql` and record.deleted_at is not null`)
}

async function cascadedTo({ transaction }: Writing, referrers: readonly Referrer[], ids: readonly string[], bin: Sql): Promise<{ entity: ReleaseEntity; id: string }[]> {
  const cascading = referrers.filter(({ onDelete, entity }) => onDelete === 'cascade' && (bin === live || entity.features.softDelete))
  if (cascading.length === 0) return []
  passGates(cascading).forEach((gate) => transaction.queue(gate))
  const answers = await transaction.many(cascading.map((one) => sql`select record.id from ${one.entity.table} as record where ${refersTo(one, ids, bin)} order by record.id limit ${sql.raw(String(maxRemovedWith + 1))}`))
  const found = cascading.flatMap(({ entity }, index) => (answers[index] ?? []).map(([id]) => ({ entity, id: id ?? '' })))
  if (found.length > maxRemovedWith) throw new OpsFluxError('conflict', `More than ${maxRemovedWith} records would go with it. Delete them in parts first.`)
  return found
}

/** What no foreign key does: references of other plugins to a record that is erased. */
export function detachReferrers(referrers: readonly Referrer[], id: string): Sql[] {
  return referrers.filter(({ isForeign, onDelete }) => isForeign && onDelete === 'setNull')
    .map(({ entity, column }) => sql`update ${entity.table} as record set ${sql.id(column.name)} = null, revision = record.revision + 1 where ${column.ref} = ${id}::uuid`)
}

function refersTo({ entity, column }: Referrer, ids: readonly string[], bin = live): Sql {
  return sql`${column.ref} = any(${ids}::uuid[])${entity.features.softDelete ? bin : sql.raw('')}`
}

// Before anything of another plugin's tables is touched: see plugin-gate.ts.
function passGates(referrers: readonly Referrer[]): Sql[] {
  return [...new Set(referrers.filter(({ isForeign }) => isForeign).map(({ entity }) => entity.pluginId))].map((pluginId) => sql`select ${passGate(pluginId)}`)
}
