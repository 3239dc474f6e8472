import type pg from 'pg'
import { ensureLoginRole, quoteIdentifier } from '../database/roles.ts'
import { ownerOf, schemaOf } from './names.ts'

// Measuring, counting and changing may meet on several hosts; each takes one.
const connectionLimit = 10

/** Whether the plugin has a schema. */
export async function hasSchema(admin: pg.Pool | pg.Client, schema: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_namespace where nspname = $1', [schema])
  return (rowCount ?? 0) > 0
}

/**
 * Makes the owner's login role and its schema where missing. The role may log in, own this schema, and call
 * `opsflux.finish_change`; nothing else.
 */
export async function ensurePluginSchema(admin: pg.Client, url: string, pluginId: string): Promise<void> {
  const [schema, owner] = [schemaOf(pluginId), ownerOf(pluginId)]
  await ensureLoginRole(admin, url, { name: owner, password: new URL(url).password, connectionLimit })
  await letAdminGive(admin, owner)
  await admin.query([
    `create schema if not exists ${quoteIdentifier(schema)} authorization ${quoteIdentifier(owner)}`,
    `grant usage on schema opsflux to ${quoteIdentifier(owner)}`,
    `grant execute on function opsflux.finish_change(uuid, text) to ${quoteIdentifier(owner)}`,
  ].join(';\n'))
}

// Only a member of a role may make a schema for it, unless superuser. PostgreSQL 16 makes the creator a member without
// the right to act as the role, 15 no member at all: the same grant serves both.
async function letAdminGive(admin: pg.Client, owner: string): Promise<void> {
  const { rows: [row] } = await admin.query<{ super: boolean }>('select rolsuper as super from pg_roles where rolname = current_user')
  if (row?.super !== true) await admin.query(`grant ${quoteIdentifier(owner)} to current_user`)
}
