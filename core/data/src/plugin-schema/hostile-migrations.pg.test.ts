import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, incidents, installationOf, tenantA, titlesOf } from './fixture.ts'
import { ownerOf } from './names.ts'
import { asOwner, inLockedTransaction } from './owner-connection.ts'
import { PluginSchemas } from './plugin-schemas.ts'
import { runScripts } from './run-migrations.ts'

const [pluginId, otherId] = ['hostile-one', 'hostile-two']
const [schema, other, role] = ['p_hostile_one', 'p_hostile_two', 'p_hostile_one_owner']

let test: TestDatabase
let schemas: PluginSchemas
let owner: pg.Client
beforeAll(async () => {
  test = await testDatabase()
  schemas = new PluginSchemas(test.database)
  for (const id of [pluginId, otherId]) await apply(schemas, { pluginId: id, down: [], up: [incidents.init] })
  await addIncidents(test, schema, ['Mine'])
  await addIncidents(test, other, ['Theirs'])
  owner = new pg.Client({ connectionString: test.database.roleUrl(role), options: `-c search_path=${schema}` })
  await owner.connect()
})
afterAll(async () => {
  await owner.end()
  await test.close()
})

const judged = (upSql: string): Promise<unknown> => schemas.measure({ pluginId, down: [], up: [{ id: '0002-hostile', upSql }] })
/** As whoever got past the judge, one statement a message. */
const asRole = (text: string): Promise<unknown> => owner.query({ text, queryMode: 'extended' } as pg.QueryConfig)
const world = async (): Promise<unknown> => (await test.database.admin.query(`
  select (select jsonb_agg(c.oid::regclass::text || c.relkind::text || coalesce(c.relacl::text, '') order by c.oid) from pg_class c) as relations, (select jsonb_agg(rolname order by rolname) from pg_roles where rolname !~ '^p_.*_owner$' or rolname ~ '^p_hostile_(one|two)_') as roles,
    (select count(*) from pg_proc) as functions, (select count(*) from pg_largeobject_metadata) as objects, (select count(*) from pg_db_role_setting) as settings, (select count(*) from pg_rewrite) as rules`)).rows[0]

const body = "returns integer language %s as 'select 1'"
const written = (language: string, more = ''): string => `create function ${schema}.f() ${body.replace('%s', language)}${more}`

/** Refused by both: the judge before anything runs, and the database where the judge is bypassed. */
const twice: [what: string, sql: string][] = [
  ['another plugin’s rows', `select * from ${other}.incident`], ['another plugin’s sequences', `select nextval('${other}.incident_number_seq')`],
  ['another plugin’s schema', `create table ${other}.mine (tenant_id uuid not null)`], ['a view over another plugin', `create view v as select * from ${other}.incident`],
  ['a reference to another plugin', `alter table incident add column x uuid references ${other}.incident (id)`], ['a table like another plugin’s', `create table mine (like ${other}.incident)`],
  ['a type of another plugin', `create table mine (tenant_id uuid not null, x ${other}.severity)`], ['rows moved to another plugin', `alter table incident set schema ${other}`],
  ['installations', 'select * from opsflux.installation'], ['staged changes', 'select * from opsflux.staged_change'], ['tenants, in a sub-query', "update incident set title = (select name from opsflux.tenant limit 1)"],
  ['tenants, through a default', 'alter table incident alter column title set default (select name from opsflux.tenant limit 1)'], ['tenants, deleted by a CTE', 'with gone as (delete from opsflux.tenant returning *) select * from gone'],
  ['tenants, in a returning clause', 'insert into incident (tenant_id, title) select id, name from opsflux.tenant returning *'], ['the lock of a platform row', 'select 1 from opsflux.installation for update'],
  ['the platform’s schema', 'create table opsflux.mine (tenant_id uuid not null)'], ['the public schema', 'create table public.mine (tenant_id uuid not null)'], ['a new schema', 'create schema mine'],
  ['COPY to a program', "copy (select 1) to program 'true'"], ['COPY from a program', "copy incident from program 'true'"], ['COPY to a file', "copy incident to '/tmp/opsflux-copied'"], ['COPY from a file', "copy incident (title) from '/etc/passwd'"],
  ['SET ROLE to the administrator', 'set role postgres'], ['SET ROLE to the role of requests', 'set role opsflux_app'], ['SET ROLE to another owner', `set role ${other}_owner`], ['SET SESSION AUTHORIZATION', `set session authorization ${other}_owner`],
  ['a function in SQL', written('sql')], ['a function in PL/pgSQL', written('plpgsql')], ['a function in C', written('c')], ['an internal function', written('internal')], ['a function with its definer’s rights', written('sql', ' security definer')],
  ['DO', 'do $$ begin end $$'], ['DO in an unknown language', 'do language plpython3u $$ $$'], ['a large object', 'select lo_create(0)'], ['a large object with content', "select lo_from_bytea(0, 'x')"], ['a large object by attribute notation', 'select x.lo_create from generate_series(0, 0) as x'],
  ['a file as large object', "select lo_import('/etc/passwd')"], ['a file', "select pg_read_file('/etc/passwd')"], ['a file by attribute notation', "select ('/etc/passwd'::text).pg_read_file"], ['a folder', "select pg_ls_dir('.')"],
  ['dblink', 'create extension dblink'], ['postgres_fdw', 'create extension postgres_fdw'], ['an untrusted language', 'create extension plpython3u'], ['a library', "load 'dblink'"], ['an event trigger', 'create event trigger e on ddl_command_start execute function pg_catalog.now()'],
  ['a subscription', "create subscription s connection '' publication p"], ['a publication', 'create publication p for all tables'], ['a cast', 'create cast (integer as text) with inout'], ['an operator', 'create operator public.=== (leftarg = integer, rightarg = integer, function = int4eq)'],
  ['a superuser’s role', `alter role ${role} superuser`], ['another role’s password', "alter role opsflux_app password 'x'"], ['a new role', 'create role mine'], ['membership', `grant postgres to ${role}`], ['another owner', 'alter table incident owner to postgres'],
  ['the server’s settings', "alter system set work_mem = '1GB'"], ['the database’s settings', "alter database postgres set work_mem = '1GB'"], ['passwords', 'select * from pg_authid'], ['passwords by their view', 'select * from pg_shadow'], ['the statistics of columns', 'select * from pg_statistic'],
  ['temporary tables', 'create temporary table mine (tenant_id uuid not null)'], ['a table elsewhere on disk', 'create table mine (tenant_id uuid not null) tablespace pg_global'], ['a checkpoint', 'checkpoint'], ['the superuser’s connections', "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'"],
  ['several statements at once', 'select 1; drop table incident; select * from opsflux.tenant'],
]

/** Refused by the judge; PostgreSQL has no way to forbid it to a role, or does not need to: it ends at what is the plugin's own. */
const once: [what: string, sql: string][] = [
  ['LISTEN', 'listen opsflux_modules'], ['NOTIFY', "notify opsflux_modules, '{}'"], ['pg_notify', "select pg_notify('opsflux_modules', '{}')"], ['an advisory lock', 'select pg_advisory_xact_lock(1)'],
  ['an advisory lock by attribute notation', 'select x.pg_advisory_xact_lock from generate_series(1, 1) x'], ['sleeping', 'select pg_sleep(0)'], ['sleeping by attribute notation', "select ('0'::float8).pg_sleep"],
  ['sleeping by the name of a function in FROM', 'select generate_series.pg_sleep from generate_series(0, 0)'],
  ['sleeping by the name of a cast in FROM', 'select float8.pg_sleep from cast(0 as float8)'],
  ['no lock_timeout', 'set lock_timeout = 0'], ['no statement_timeout', 'set local statement_timeout = 0'], ['no time-out, by a function', "select set_config('lock_timeout', '0', false)"], ['another search_path', 'set search_path = opsflux'],
  ['another tenant', "select set_config('opsflux.tenant', gen_random_uuid()::text, false)"], ['other strings', 'set standard_conforming_strings = off'], ['its own role’s time-outs', `alter role ${role} set statement_timeout = 0`],
  ['BEGIN', 'begin'], ['COMMIT', 'commit'], ['ROLLBACK', 'rollback'], ['SAVEPOINT', 'savepoint s'], ['PREPARE', 'prepare p as select 1'], ['EXECUTE', 'create table mine as execute p'], ['DEALLOCATE', 'deallocate p'], ['DISCARD', 'discard plans'], ['RESET', 'reset all'],
  ['CURSOR', 'declare c cursor with hold for select 1'], ['EXPLAIN', 'explain select 1'], ['SHOW', 'show server_version'], ['the names of all tables', 'select relname from pg_class'], ['the names of settings', 'select name from pg_settings'],
  ['the platform’s table by its number', "select 'opsflux.tenant'::opsflux.regclass"], ['COPY to the connection', 'copy incident to stdout'],
  ['row-level security off', 'alter table incident disable row level security'], ['no force of it', 'alter table incident no force row level security'], ['a policy', 'create policy p on incident using (true)'], ['a dropped policy', 'drop policy tenant_isolation on incident'],
  ['a rule', 'create rule r as on insert to incident do nothing'], ['a grant', 'grant select on incident to public'], ['a revocation', 'revoke all on incident from opsflux_app'], ['default rights', 'alter default privileges grant select on tables to public'],
  ['a domain', "create domain d as integer check (value > 0)"], ['a composite type', 'create type c as (a integer)'], ['a materialized view', 'create materialized view m as select 1'], ['an unlogged table', 'create unlogged table mine (tenant_id uuid not null)'],
  ['a partitioned table', 'create table mine (tenant_id uuid not null) partition by list (tenant_id)'], ['an inheriting table', 'create table mine () inherits (incident)'], ['statistics of its own', 'create statistics s on tenant_id, title from incident'],
  ['TRUNCATE', 'truncate incident'], ['LOCK', 'lock table incident'], ['VACUUM', 'vacuum incident'], ['REINDEX', 'reindex table incident'], ['ANALYZE', 'analyze incident'], ['MERGE', 'merge into incident using incident as i on false when matched then do nothing'], ['CALL', 'call f()'],
]

describe('what the judge refuses before anything runs', () => {
  it.each([...twice, ...once])('%s', async (_, sql) => {
    const before = await world()
    await expect(judged(`create table mine_too (tenant_id uuid not null);\n${sql}`)).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('is refused: '), data: { migration: '0002-hostile' } })
    expect(await world()).toEqual(before)
  })

  it.each([...twice, ...once])('%s, in the way back', async (_, downSql) => {
    await expect(schemas.measure({ pluginId, down: [], up: [{ id: '0002-hostile', upSql: 'select 1', downSql }] })).rejects.toMatchObject({ code: 'migration-failed' })
  })
})

describe('what the database refuses to the owner of a plugin’s schema without the judge', () => {
  it.each(twice)('%s', async (_, sql) => {
    const before = await world()
    // Not allowed; not a member; not there for it; one statement a message; not possible for anybody.
    await expect(asRole(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|0LP01|3F000|42601|42704|42883|0A000|58P01|42P17)$/) })
    expect(await world()).toEqual(before)
  })

  it('rows of the platform through a view, which reads with the rights of its owner', async () => {
    await asRole('create view over_tenants as select * from opsflux.tenant')
    await expect(asRole('select * from over_tenants')).rejects.toMatchObject({ code: '42501' })
    await asRole('drop view over_tenants')
  })

  it('every function but those of PostgreSQL, the one that ends a change, and those that only read a value they are given', async () => {
    const { rows } = await test.database.admin.query<{ name: string }>(`select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname not in ('pg_catalog', 'information_schema') and has_schema_privilege($1, n.oid, 'usage') and has_function_privilege($1, p.oid, 'execute')
        and not (p.provolatile = 'i' and not p.prosecdef)`, [role])
    expect(rows).toEqual([{ name: 'opsflux.finish_change(uuid,text)' }])
  })

  it('every relation but its own and those of PostgreSQL that all may read', async () => {
    const { rows } = await test.database.admin.query<{ name: string }>(`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema', $2) and has_schema_privilege($1, n.oid, 'usage') and has_table_privilege($1, c.oid, 'select, insert, update, delete, truncate, references, trigger')`, [role, schema])
    expect(rows).toEqual([])
  })

  // Catalogues are open to every role of PostgreSQL. No row, no password and no key is in them.
  it('nothing of these, which it may know: names of databases, roles, schemas, tables, columns and settings, and that others are connected', async () => {
    for (const sql of ['select datname from pg_database', 'select rolname from pg_roles', 'select nspname from pg_namespace', `select attname from pg_attribute where attrelid = 'opsflux.tenant'::regclass`, 'select name, setting from pg_settings']) await asRole(sql)
    const { rows } = (await asRole('select distinct query from pg_stat_activity where usename <> current_user')) as pg.QueryResult<{ query: string }>
    expect(rows).toEqual([{ query: '<insufficient privilege>' }])
    const settings = (await asRole("select name from pg_settings where name in ('data_directory', 'hba_file', 'primary_conninfo')")) as pg.QueryResult
    expect(settings.rows).toEqual([])
  })
})

describe('what only the judge keeps away', () => {
  // Proof that these are ways to call a function at all; should PostgreSQL close one, the rule against it may go.
  it.each(once.filter(([what]) => what.includes('attribute notation') || what.includes('by the name')))('%s', async (_, sql) => {
    await expect(asRole(sql)).resolves.toBeDefined()
  })
})

describe('a migration runs', () => {
  it('with its time-outs and its search path, whatever the role and the database were set to', async () => {
    const careless = { lock_timeout: '0', statement_timeout: '0', idle_in_transaction_session_timeout: '0', search_path: 'opsflux', standard_conforming_strings: 'off', client_encoding: "'LATIN1'", row_security: 'off' }
    const database = (await test.database.admin.query<{ name: string }>('select current_database() as name')).rows[0]?.name ?? ''
    for (const [name, value] of Object.entries(careless)) {
      await asRole(`alter role ${role} set ${name} = ${value}`)
      await test.database.admin.query(`alter database ${database} set ${name} = ${value}`)
    }
    try {
      const settings = await asOwner(test.database.roleUrl(ownerOf(pluginId)), schema, (client) => inLockedTransaction(client, pluginId, async () => {
        const { rows } = await client.query<{ name: string; value: string }>('select name, current_setting(name) as value from unnest($1::text[]) as name', [Object.keys(careless)])
        return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
      }))
      expect(settings).toEqual({
        lock_timeout: '5s', statement_timeout: '1min', idle_in_transaction_session_timeout: '2min', search_path: `${schema}, pg_temp`, standard_conforming_strings: 'on', client_encoding: 'UTF8', row_security: 'on',
      })
      // With the old strings the first one would go on to "as", and what follows would be read as SQL.
      await apply(schemas, { pluginId, down: [], up: [{ id: '0002-strings', upSql: `update incident set title = '\\' where title = ', set_config(''lock_timeout'', ''0'', true) --'; insert into incident (tenant_id, title) values ('${tenantA}', 'é\\'), ('${tenantA}', U&'\\0041')` }] }, '1.1.0')
      expect(await titlesOf(test, schema)).toEqual(['A', 'Mine', 'é\\'])
    } finally {
      await test.database.admin.query(`alter role ${role} reset all`)
      await test.database.admin.query(`alter database ${database} reset all`)
    }
  })

  it.each([
    ['rows of 100 MB', "select repeat('x', 100000000) from generate_series(1, 4)"], ['millions of rows', 'select generate_series(1, 3000000)'],
    ['an error that repeats 100 MB', "select repeat('x', 100000000)::integer"], ['an error of more than a string can hold', "select repeat('x', 600000000)::integer"],
  ])('what PostgreSQL answers is not collected: %s', async (_, sql) => {
    const before = process.memoryUsage().rss
    await expect(judged(sql)).rejects.toMatchObject({ code: 'migration-failed', message: expect.stringContaining('larger than 4 MiB') })
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(90)
    await expect(judged("select repeat('x', 1000000)::integer")).rejects.toMatchObject({ message: expect.stringMatching(/^.{0,700}$/s) })
    await expect(schemas.measure({ pluginId: 'hostile-new', down: [], up: [{ id: '0001-init', upSql: sql }] })).rejects.toMatchObject({ code: 'migration-failed' })
    expect(await schemas.tables('hostile-new')).toEqual([])
  }, 60_000)

  it('all statements of a change together have a limit too', async () => {
    await asOwner(test.database.roleUrl(ownerOf(pluginId)), schema, (client) => inLockedTransaction(client, pluginId, async () => {
      const { rows } = await client.query("select setting from pg_settings where name = 'transaction_timeout' union all select '900000' where current_setting('server_version_num')::integer < 170000")
      expect(rows).toEqual([{ setting: '900000' }])
    }))
  })

  it('one statement a message: a second one behind the first is refused by the server too', async () => {
    await asOwner(test.database.roleUrl(ownerOf(pluginId)), schema, async (client) => {
      await expect(runScripts(client, [{ id: '0009-two', direction: 'up', statements: ['select 1; drop table incident'] }])).rejects.toMatchObject({ code: 'migration-failed', data: { sqlstate: '42601' } })
    })
    expect((await schemas.tables(pluginId)).map(({ name }) => name)).toEqual(['incident'])
  })

  it('also after the role has changed its password', async () => {
    await asRole(`alter role ${role} password 'mine'`)
    expect((await schemas.measure({ pluginId, down: [], up: [{ id: '0003-note', upSql: 'alter table incident add column note text' }] })).tables).toMatchObject([{ table: 'incident', change: 'altered' }])
  })

  it('and what it changed of the protection of its tables by another way is put right, or refused', async () => {
    for (const sql of ['alter table incident disable row level security', 'create policy everybody on incident using (true)', 'grant select on incident to public']) {
      await asRole(sql)
      await schemas.change({ pluginId, down: [], up: [] }, await schemas.stage(pluginId, { installation: installationOf('1.1.0') })).then(
        () => undefined, (error: unknown) => { expect(error).toMatchObject({ code: 'migration-failed' }) })
      await asRole('drop policy if exists everybody on incident')
      await schemas.change({ pluginId, down: [], up: [] }, await schemas.stage(pluginId, { installation: installationOf('1.1.0') }))
      const { rows } = await test.database.admin.query(`select relrowsecurity and relforcerowsecurity as forced, (select count(*)::integer from pg_policy where polrelid = c.oid) as policies,
        exists (select from aclexplode(c.relacl) where grantee = 0) as open from pg_class c where c.oid = '${schema}.incident'::regclass`)
      expect(rows).toEqual([{ forced: true, policies: 2, open: false }])
    }
  })
})
