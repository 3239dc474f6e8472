import { sql, type Lookup } from '@opsflux/data'

const lookupIn = (table: 'user_account' | 'company' | 'department'): Lookup => async (transaction, ids) => {
  const rows = await transaction.texts(sql`select id, name from ${sql.raw(`opsflux.${table}`)} where id = any(${ids}::uuid[])`)
  return new Map(rows.map(([id, name]) => [id ?? '', name ?? '']))
}

/** Names of the ids that are users of the transaction's tenant; of others there are none. */
export const findUsers = lookupIn('user_account')
export const findCompanies = lookupIn('company')
export const findDepartments = lookupIn('department')
