import { sql } from 'kysely'
import type { UserLookup } from '@opsflux/data'

/** Names of the ids that are users of the transaction's tenant. */
export const findUsers: UserLookup = async (transaction, userIds) => {
  const { rows } = await sql<{ id: string; name: string }>`select id::text, name from opsflux.user_account where id::text = any(${userIds})`.execute(transaction)
  return new Map(rows.map((row) => [row.id, row.name]))
}
