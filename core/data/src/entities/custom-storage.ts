import type { Database, DatabaseTransaction, TransactionActor } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** Records of the transaction's tenant that have a value of the field, in the bin too. Reads the whole table. */
export async function countCustomValues(transaction: DatabaseTransaction, entity: ReleaseEntity, name: string): Promise<number> {
  const [row] = await transaction.texts(sql`select count(*) from ${entity.table} as record where record.custom ->> ${name}::text is not null`)
  return Number(row?.[0] ?? 0)
}

const recordsAtOnce = 5_000

/**
 * Takes the values of a field out of every record of the tenant, some thousand records in each transaction. Their revisions stay: what
 * was taken away was not shown any more. Bears being interrupted and done again.
 */
export async function eraseCustomValues(database: Database, actor: TransactionActor, entity: ReleaseEntity, name: string): Promise<void> {
  let after: string | null | undefined = '00000000-0000-0000-0000-000000000000'
  while (typeof after === 'string') {
    const from: string = after
    const [row] = await database.transaction({ ...actor, pluginId: entity.pluginId }, (transaction) => transaction.texts(sql`
      with page as (select id from ${entity.table} where id > ${from}::uuid order by id limit ${sql.raw(String(recordsAtOnce))}),
        gone as (update ${entity.table} as record set custom = record.custom - ${name}::text where record.id in (select id from page) and record.custom ? ${name}::text)
      select id from page order by id desc limit 1`))
    after = row?.[0]
  }
}
