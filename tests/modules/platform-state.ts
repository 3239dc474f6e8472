import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { expect, vi } from 'vitest'
import type { Session } from '@opsflux/sdk'
import type { ApiClient } from '../setup/api-client.ts'

export type PlatformState = Record<string, unknown>

const questions: Record<string, string> = {
  installation: 'select plugin_id, version, digest, source, state, reason, granted from opsflux.installation order by plugin_id',
  tenants: 'select plugin_id, enabled from opsflux.installation_tenant order by plugin_id',
  migrations: 'select plugin_id, id, sha256, position from opsflux.plugin_migration order by plugin_id, position',
  kept: 'select plugin_id, version, digest, rows from opsflux.kept_data',
  restorePoints: 'select plugin_id, version, digest, rows from opsflux.restore_point order by digest',
  restoreSchemas: "select count(*)::int from pg_namespace where nspname ~ '^r_'",
  schemas: "select nspname from pg_namespace where nspname ~ '^p_' order by 1",
  tables: "select relname, relkind, relrowsecurity, relforcerowsecurity, relacl::text from pg_class where relnamespace = to_regnamespace('p_hse_reports') order by 1",
  columns: `select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) as value
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = to_regnamespace('p_hse_reports') and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped order by 1, 2`,
  constraints: "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = to_regnamespace('p_hse_reports') order by 1, 2",
  policies: "select tablename, policyname, roles::text[], qual, with_check from pg_policies where schemaname = 'p_hse_reports' order by 1, 2",
}

const unfinished = "select migration, statement from opsflux.after_step join opsflux.installation i using (plugin_id) where after_step.state in ('pending', 'running') and i.state = 'active'"

/** All that an operation changes, once what follows its commit is done: read from the database, the session and the folders. */
export async function readState(databaseUrl: string, home: string, client: ApiClient): Promise<PlatformState> {
  const state: PlatformState = {}
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    await vi.waitFor(async () => expect((await database.query(unfinished)).rows).toEqual([]), { timeout: 20_000 })
    for (const [name, statement] of Object.entries(questions)) state[name] = (await database.query({ text: statement, rowMode: 'array' })).rows
    state['rows'] = await readRows(database)
  } finally {
    await database.end()
  }
  const { permissions, menus, plugins } = await client.get<Session>('/api/session')
  return { ...state, permissions, menus, plugins: plugins.map(({ id, version, entry }) => ({ id, version, entry })), folders: await readFolders(home) }
}

/** What no ended operation may leave: each is empty when all is well. */
export async function readLeftovers(databaseUrl: string): Promise<PlatformState> {
  const database = new pg.Client({ connectionString: databaseUrl })
  await database.connect()
  try {
    const rows = async (statement: string): Promise<unknown[]> => (await database.query(statement)).rows
    return {
      staged: await rows('select id from opsflux.staged_change'),
      running: await rows("select id, action from opsflux.operation where state = 'running'"),
      orphans: await rows("select nspname from pg_namespace where nspname ~ '^r_' and not exists (select from opsflux.restore_point where nspname = 'r_' || replace(id::text, '-', ''))"),
    }
  } finally {
    await database.end()
  }
}

async function readRows(database: pg.Client): Promise<Record<string, unknown>> {
  const { rows: tables } = await database.query<{ name: string }>("select relname as name from pg_class where relnamespace = to_regnamespace('p_hse_reports') and relkind = 'r' order by 1")
  const rows: Record<string, unknown> = {}
  for (const { name } of tables) {
    // As JSON by name: a column that went and came back stands elsewhere.
    const { rows: [digest] } = await database.query(`select count(*)::int, md5(string_agg(to_jsonb(t)::text, '' order by to_jsonb(t)::text)) from p_hse_reports.${pg.escapeIdentifier(name)} t`)
    rows[name] = digest
  }
  return rows
}

async function readFolders(home: string): Promise<string[]> {
  const found: string[] = []
  for (const id of await readdir(join(home, 'modules')).catch(() => [])) found.push(...(await readdir(join(home, 'modules', id))).map((release) => `${id}/${release}`))
  const uploads = (await readdir(join(home, 'packages')).catch(() => [])).filter((name) => name.startsWith('.'))
  return [...found, ...uploads].toSorted()
}
