import { randomUUID } from 'node:crypto'
import type pg from 'pg'

export interface NewUser {
  email: string
  role: 'admin' | 'user' | 'guest'
  /** Default: the tenant of the first administrator. */
  tenantId?: string
}

/** Adds a user whose password is that of the first administrator. Answers its id. */
export async function addUser(admin: pg.Pool, { email, role, tenantId }: NewUser): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `insert into opsflux.user_account (tenant_id, email, name, role, password_hash)
     select coalesce($1::uuid, tenant_id), $2, split_part($2, '@', 1), $3, password_hash from opsflux.user_account order by created_at limit 1 returning id`,
    [tenantId ?? null, email, role])
  if (!rows[0]) throw new Error('There is no administrator yet whose password could be taken.')
  return rows[0].id
}

export async function addTenant(admin: pg.Pool, name: string): Promise<string> {
  const id = randomUUID()
  await admin.query('insert into opsflux.tenant (id, name) values ($1, $2)', [id, name])
  return id
}
