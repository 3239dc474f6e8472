import type pg from 'pg'
import { ensureLoginRole, hasSqlState, quoteIdentifier } from '../database/roles.ts'
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
  await narrowDefaults(admin, owner)
  await admin.query([
    `create schema if not exists ${quoteIdentifier(schema)} authorization ${quoteIdentifier(owner)}`,
    `grant usage on schema opsflux to ${quoteIdentifier(owner)}`,
    `grant execute on function opsflux.finish_change(uuid, text) to ${quoteIdentifier(owner)}`,
  ].join(';\n'))
}

/**
 * What every role may do by default and no plugin needs: write functions (and so `do`), make large objects. Migrations are refused
 * both by the judge; this holds for whoever logs in as the role without it. Only a superuser can take these rights away.
 */
async function narrowDefaults(admin: pg.Client, owner: string): Promise<void> {
  const { rows: [row] } = await admin.query<{ sql: string | null }>(`
    select string_agg(sql, '; ') as sql from (
      select format('revoke usage on language %I from public', lanname) as sql from pg_language where lanpltrusted and has_language_privilege($1, oid, 'usage')
      union all select format('revoke execute on function %s from public', oid::regprocedure) from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname in ('lo_creat', 'lo_create', 'lo_from_bytea') and has_function_privilege($1, oid, 'execute')
    ) narrowing, pg_roles where rolname = current_user and rolsuper`, [owner])
  if (row?.sql === null || row === undefined) return
  try {
    await admin.query(row.sql)
  } catch (error) {
    // XX000: another host does it at this moment.
    if (!hasSqlState(error, 'XX000')) throw error
  }
}

// Only a member of a role may make a schema for it, unless superuser. PostgreSQL 16 makes the creator a member without
// the right to act as the role, 15 no member at all: the same grant serves both.
async function letAdminGive(admin: pg.Client, owner: string): Promise<void> {
  const { rows: [row] } = await admin.query<{ super: boolean }>('select rolsuper as super from pg_roles where rolname = current_user')
  if (row?.super !== true) await admin.query(`grant ${quoteIdentifier(owner)} to current_user`)
}
