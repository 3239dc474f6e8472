import { abilityOf, sql, uuidV7, type DatabaseTransaction, type SubresourceRequest } from '@opsflux/data'
import { OpsFluxError, type Action, type Json } from '@opsflux/sdk'
import { idOf } from './request.ts'

/**
 * Keeps the record from being changed or deleted until the transaction ends, and its limits from being passed by two at once.
 * @returns its revision
 * @throws forbidden unless the user may do `action` with it; not-found when it went meanwhile, or is in the bin
 */
export async function lockRecord(transaction: DatabaseTransaction, request: SubresourceRequest, action: Action): Promise<number> {
  const { entity, whole } = request
  const may = abilityOf(entity.pluginId, request.transaction.actor).condition(action, whole)
  const bin = entity.features.softDelete ? sql` and record.deleted_at is null` : sql``
  const [row] = await transaction.texts(sql`select record.revision, coalesce(${may}, false) from ${entity.table} as record where record.id = ${idOf(request)}::uuid${bin} for no key update`)
  if (!row) throw new OpsFluxError('not-found', `There is no such ${entity.name}, or you may not see it.`)
  if (row[1] !== 't') throw new OpsFluxError('forbidden', `You need the permission ${entity.pluginId}.${action} for this ${entity.name}. Ask an administrator.`)
  return Number(row[0])
}

export interface RecordChange {
  /** `comment` or `attachment`: part of the record's name in the audit trail, and the action open pages are told. */
  part: 'comment' | 'attachment'
  action: 'create' | 'update' | 'delete'
  /** Of the record. */
  revision: number
  changes: { [field: string]: { from: Json; to: Json } }
}

/**
 * Writes a change of what belongs to a record into the audit trail, as one of `incident.comment`, and tells open pages.
 * The history and the versions of the record itself do not have it. Goes out with the next statement.
 */
export function noteChange(transaction: DatabaseTransaction, request: SubresourceRequest, { part, action, revision, changes }: RecordChange): void {
  const { entity, transaction: { actor } } = request
  const record = sql`${actor.tenantId}::uuid, ${entity.pluginId}, ${idOf(request)}::uuid, ${revision}::integer, ${actor.userId}::uuid, now()`
  if (entity.features.audit) {
    transaction.queue(sql`insert into opsflux.audit_entry (tenant_id, plugin_id, record_id, revision, user_id, at, id, entity, action, changes)
      values (${record}, ${uuidV7()}::uuid, ${`${entity.name}.${part}`}, ${action}, ${JSON.stringify(changes)}::jsonb)`)
  }
  transaction.queue(sql`insert into opsflux.outbox (tenant_id, plugin_id, record_id, revision, user_id, at, entity, action, payload)
    values (${record}, ${entity.name}, ${part}, ${JSON.stringify({ changes: {} })}::jsonb)`)
}
