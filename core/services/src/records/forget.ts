import { sql, type DatabaseTransaction } from '@opsflux/data'
import type pg from 'pg'
import { forgetFileUses, type RecordAddress } from '../files/index.ts'

/** What a record had goes with it, when it is erased. Its audit trail stays. Goes out with the next statement. */
export function forgetRecord(transaction: DatabaseTransaction, record: RecordAddress): void {
  forgetFileUses(transaction, record)
  transaction.queue(sql`delete from opsflux.comment where plugin_id = ${record.pluginId} and entity = ${record.entity} and record_id = ${record.id}::uuid`)
}

/** What all records of a plugin had, in all tenants; with the data of the plugin. Bears being done twice. */
export async function eraseRecordParts(admin: pg.Pool, pluginId: string): Promise<void> {
  await admin.query('delete from opsflux.file_use where plugin_id = $1', [pluginId])
  await admin.query('delete from opsflux.comment where plugin_id = $1', [pluginId])
}
