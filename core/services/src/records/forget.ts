import { sql, type DatabaseTransaction } from '@opsflux/data'
import { forgetFileUses, type RecordAddress } from '../files/index.ts'

/** What a record had goes with it, when it is erased. Its audit trail stays. Goes out with the next statement. */
export function forgetRecord(transaction: DatabaseTransaction, record: RecordAddress): void {
  forgetFileUses(transaction, record)
  transaction.queue(sql`delete from opsflux.comment where plugin_id = ${record.pluginId} and entity = ${record.entity} and record_id = ${record.id}::uuid`)
}
