import { sql, type Actor, type DatabaseTransaction } from '@opsflux/data'

/** A record by its address. */
export interface RecordAddress {
  pluginId: string
  entity: string
  id: string
}

/** Where a file is used; `field` is undefined for an attachment. */
export interface FileUse extends RecordAddress {
  fileId: string
  field: string | undefined
}

/**
 * Names by id of those files that the actor may put into a record: files of the tenant, uploaded by that user or used by
 * the record already.
 */
export async function findFiles(transaction: DatabaseTransaction, fileIds: readonly string[], { userId }: Pick<Actor, 'userId'>, record?: RecordAddress): Promise<ReadonlyMap<string, string>> {
  const isUsed = record ? sql` or exists (select from opsflux.file_use u where u.tenant_id = f.tenant_id and u.file_id = f.id and ${isOf(record)})` : sql.raw('')
  const rows = await transaction.texts(sql`select id, name from opsflux.file f
    where id = any(${fileIds}::uuid[]) and (created_by = ${userId}::uuid${isUsed})`)
  return new Map(rows.map(([id, name]) => [id ?? '', name ?? '']))
}

/** Writes down which files the given fields of a record hold now: an id, or null. Goes out with the next statement. */
export function noteFileUses(transaction: DatabaseTransaction, record: RecordAddress, values: Readonly<Record<string, string | null>>): Promise<void> {
  const fields = Object.keys(values)
  if (fields.length === 0) return Promise.resolve()
  const ids = fields.map((field) => values[field] ?? null)
  transaction.queue(sql`delete from opsflux.file_use u using unnest(${fields}::text[], ${ids}::uuid[]) as now (field, file)
    where ${isOf(record)} and u.field = now.field and u.file_id is distinct from now.file`)
  transaction.queue(sql`insert into opsflux.file_use (tenant_id, file_id, plugin_id, entity, record_id, field, by)
    select current_setting('opsflux.tenant')::uuid, now.file, ${record.pluginId}, ${record.entity}, ${record.id}::uuid, now.field, current_setting('opsflux.user')::uuid
    from unnest(${fields}::text[], ${ids}::uuid[]) as now (field, file) where now.file is not null on conflict do nothing`)
  return Promise.resolve()
}

/** A record that is gone for good uses nothing, attachments included. Goes out with the next statement. */
export function forgetFileUses(transaction: DatabaseTransaction, record: RecordAddress): void {
  transaction.queue(sql`delete from opsflux.file_use u where ${isOf(record)}`)
}

const isOf = ({ pluginId, entity, id }: RecordAddress) => sql`u.plugin_id = ${pluginId} and u.entity = ${entity} and u.record_id = ${id}::uuid`
