import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../database/sql.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, incidents, installationOf, sha256, tenantA, tenantB, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'
import type { SchemaChange } from './types.ts'

let test: TestDatabase
let schemas: PluginSchemas
beforeAll(async () => {
  test = await testDatabase()
  schemas = new PluginSchemas(test.database)
})
afterAll(() => test.close())

const install = (pluginId: string): SchemaChange => ({ pluginId, down: [], up: [incidents.init] })
const one = async <T>(text: string, values: unknown[] = []): Promise<T> => (await test.database.admin.query(text, values)).rows[0] as T

it('counts rows for however many ask at once, with one of the few connections of the owner', async () => {
  await schemas.change(install('counted-module'), await schemas.stage('counted-module', { installation: installationOf('1.0.0') }))
  await addIncidents(test, 'p_counted_module', ['One', 'Two'])
  expect(new Set(await Promise.all(Array.from({ length: 40 }, () => schemas.rowsOf('counted-module'))))).toEqual(new Set([2]))
})

describe('change', () => {
  it('applies migrations, installation, tenants and operation together', async () => {
    await test.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'A') on conflict do nothing", [tenantA])
    const operation = randomUUID()
    await test.database.admin.query(
      "insert into opsflux.operation (id, plugin_id, action, state, plan, started_by, host_id) values ($1, 'whole-change', 'install', 'running', '{}', 'system', 'h')", [operation])
    await apply(schemas, install('whole-change'), '1.0.0', { tenants: { [tenantA]: true }, operation: { id: operation, steps: [{ step: 'migrate', state: 'done' }] } })
    expect(await schemas.applied('whole-change')).toEqual([{ id: '0001-init', sha256: sha256(incidents.init.upSql), downSql: incidents.init.downSql }])
    expect(await one('select version, state, granted, manifest from opsflux.installation where plugin_id = $1', ['whole-change']))
      .toEqual({ version: '1.0.0', state: 'active', granted: [{ name: 'users.read' }], manifest: { id: 'test' } })
    expect(await one('select enabled from opsflux.installation_tenant where plugin_id = $1', ['whole-change'])).toEqual({ enabled: true })
    expect(await one('select steps from opsflux.operation where id = $1', [operation])).toEqual({ steps: [{ step: 'migrate', state: 'done' }] })
    expect(await one('select count(*)::integer as staged from opsflux.staged_change')).toEqual({ staged: 0 })
  })

  it('leaves nothing of any migration when the second one fails on real rows, and says which statement', async () => {
    await apply(schemas, install('failing-second'))
    await addIncidents(test, 'p_failing_second', ['One', 'Two'])
    const broken: SchemaChange = {
      pluginId: 'failing-second', down: [],
      up: [{ id: '0002-note', upSql: 'alter table incident add column note text' }, { id: '0003-broken', upSql: "update incident set note = 'x'; alter table incident add unique (tenant_id, cost)" }],
    }
    const failure = await apply(schemas, broken, '1.2.0').catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'migration-failed', data: { migration: '0003-broken', statement: 2, sqlstate: '23505' } })
    expect(String(failure)).not.toContain('alter table')
    expect(await one("select count(*)::integer as columns from information_schema.columns where table_schema = 'p_failing_second' and column_name = 'note'")).toEqual({ columns: 0 })
    expect(await one('select version from opsflux.installation where plugin_id = $1', ['failing-second'])).toEqual({ version: '1.0.0' })
    expect(await titlesOf(test, 'p_failing_second')).toEqual(['One', 'Two'])
  })

  it('waits for requests that hold a table, without ending them', async () => {
    await apply(schemas, install('busy-module'))
    await addIncidents(test, 'p_busy_module', ['Held'])
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => { release = resolve })
    let reading = (): void => undefined
    const begun = new Promise<void>((resolve) => { reading = resolve })
    const request = test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, async (transaction) => {
      await transaction.texts(sql`select id from p_busy_module.incident`)
      reading()
      await held
      return transaction.texts(sql`update p_busy_module.incident set title = 'Written' returning title`)
    })
    await begun
    const change = apply(schemas, { pluginId: 'busy-module', down: [], up: [incidents.actions] }, '1.1.0')
    // The change waits for the lock now, at most 0.7 s at a time; the request wants to write to the same table.
    await expect.poll(async () => (await one<{ waiting: number }>("select count(*)::integer as waiting from pg_stat_activity where application_name = 'opsflux-owner' and wait_event_type = 'Lock'")).waiting, { timeout: 20_000 }).toBe(1)
    release()
    expect(await request).toEqual([['Written']])
    await change
    expect((await schemas.applied('busy-module')).length).toBe(2)
  })

  it('fails no request that reads and writes while changes are measured and made', async () => {
    await apply(schemas, { pluginId: 'never-failing', down: [], up: [incidents.init, incidents.keepingActions] })
    const [id = ''] = await addIncidents(test, 'p_never_failing', ['Counted'])
    let going = true
    const write = async (): Promise<number> => {
      let done = 0
      for (; going; done++) {
        await test.database.transaction({ tenantId: tenantA, userId: randomUUID(), pluginId: 'never-failing' }, async (transaction) => {
          await transaction.texts(sql`select title from p_never_failing.incident`)
          await transaction.texts(sql`insert into p_never_failing.action (id, tenant_id, incident_id) values (gen_random_uuid(), ${tenantA}, ${id})`)
          await transaction.texts(sql`update p_never_failing.incident set cost = 1 where id = ${id}`)
        })
      }
      return done
    }
    const writers = [write(), write(), write()]
    const add: SchemaChange = { pluginId: 'never-failing', down: [], up: [{ id: '0003-note', upSql: 'alter table incident add column note text; alter table action add column done boolean default false', downSql: 'alter table incident drop column note; alter table action drop column done' }] }
    for (let round = 0; round < 5; round++) expect((await schemas.measure(add)).wayBack.kind).toBe('lossless')
    await apply(schemas, add, '1.2.0')
    going = false
    expect((await Promise.all(writers)).every((done) => done > 0)).toBe(true)
  })

  it('keeps two changes of one plugin apart', async () => {
    const results = await Promise.allSettled([apply(schemas, install('two-at-once')), apply(schemas, install('two-at-once'))])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it.each([
    ['begin', 'begin; drop table incident; commit'], ['role', 'set role postgres'], ['reset', 'reset role'], ['copy', "copy incident to program 'true'"],
    ['do', 'do $$ begin end $$'], ['notify', 'notify opsflux_modules'], ['function', "create function f() returns int language sql as 'select 1'"],
    ['trigger', 'create trigger t before insert on incident execute function f()'], ['policy', 'create policy p on incident using (true)'],
    ['owner', 'alter table incident owner to postgres'], ['grant', 'grant select on incident to public'], ['other schema', 'select * from opsflux.tenant'],
    ['insert elsewhere', 'insert into opsflux.tenant values (gen_random_uuid())'], ['reference elsewhere', 'create table a (tenant_id uuid not null references opsflux.tenant (id))'],
    ['drop elsewhere', 'drop table opsflux.tenant'], ['system table', 'select * from pg_authid'], ['temporary', 'create temp table t (tenant_id uuid not null)'],
    ['unlogged', 'create unlogged table t (tenant_id uuid not null)'], ['partitioned', 'create table t (tenant_id uuid not null) partition by list (tenant_id)'],
    ['foreign', 'create foreign table t (tenant_id uuid not null) server s'], ['materialized view', 'create materialized view v as select 1'],
    ['row-level security off', 'alter table incident disable row level security'], ['settings', "select set_config('search_path', 'opsflux', false)"],
    ['hidden notify', "select pg_notify('opsflux_modules', '{}')"], ['any sql', "select query_to_xml('select 1', true, true, '')"], ['qualified function', 'select opsflux.finish_change(null, null)'],
    ['qualified type', 'create table t (tenant_id uuid not null, x public.citext)'], ['select into', 'select 1 as x into t'], ['schema', 'create schema other'],
    ['move', 'alter table incident set schema public'], ['extension', 'create extension dblink'], ['in a cte', 'with x as (delete from opsflux.tenant returning *) select * from x'],
    ['lock', 'lock table incident'], ['no tenant', 'create table t (id uuid primary key)'], ['nullable tenant', 'create table t (tenant_id uuid)'], ['unreadable', 'creat table t'],
    ['concurrently', 'create index concurrently i on incident (title)'], ['inherits', 'create table t () inherits (incident)'],
  ])('refuses a migration that breaks out: %s', async (_, upSql) => {
    await expect(schemas.measure({ pluginId: 'breaking-out', down: [], up: [incidents.init, { id: '0002-escape', upSql }] }))
      .rejects.toMatchObject({ code: 'migration-failed', message: expect.stringMatching(/\b(is|are) refused: /) })
  })

  it('takes what real migrations need', async () => {
    const upSql = `
      create table site (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, name text collate "C" not null check (length(trim(name)) > 0), at timestamptz default now(), data jsonb default '{}');
      insert into site (tenant_id, name) select tenant_id, upper(substring(title from 1 for 3)) from incident where extract(year from now()) > 2000;
      -- é: the parser counts bytes
      create unique index site_name on site using btree (tenant_id, lower(name)) where name <> 'É';
      alter table incident add column site_id uuid references site (id), alter column cost type numeric(20,4) using round(cost, 2)::numeric(20,4);
      update incident set site_id = (select id from site where site.tenant_id = incident.tenant_id order by name limit 1);
      create view sites as select name, count(*) over () from site;
      create sequence counter owned by site.name;
      alter type severity add value 'extreme'; alter table incident rename column title to headline; alter index incident_title rename to incident_headline;
      comment on column site.name is 'Short name'; delete from site where name = '' ; drop view sites`
    await expect(schemas.measure({ pluginId: 'real-migrations', down: [], up: [incidents.init, { id: '0002-real', upSql }] })).resolves.toMatchObject({ wayBack: { kind: 'one-way' } })
  })
})

describe('finish_change', () => {
  const nothing = (pluginId: string): SchemaChange => ({ pluginId, down: [], up: [] })

  it('refuses a wrong token and leaves nothing changed', async () => {
    await apply(schemas, install('wrong-token'))
    const staged = await schemas.stage('wrong-token', { installation: installationOf('6.6.6') })
    await expect(schemas.change({ ...nothing('wrong-token'), up: [incidents.actions] }, { ...staged, token: 'guessed' })).rejects.toThrow('no such staged change')
    expect(await one('select version from opsflux.installation where plugin_id = $1', ['wrong-token'])).toEqual({ version: '1.0.0' })
    expect((await schemas.tables('wrong-token')).map(({ name }) => name)).toEqual(['incident'])
  })

  it('refuses the change of another plugin, even with its token', async () => {
    await apply(schemas, install('honest-one'))
    await apply(schemas, install('thief-two'))
    const staged = await schemas.stage('honest-one', { installation: null })
    await expect(schemas.change(nothing('thief-two'), staged)).rejects.toThrow('no such staged change')
    expect(await one('select count(*)::integer as count from opsflux.installation where plugin_id = $1', ['honest-one'])).toEqual({ count: 1 })
  })

  it('happens once, and not after it was discarded', async () => {
    await apply(schemas, install('once-only'))
    const staged = await schemas.stage('once-only', {})
    await schemas.change(nothing('once-only'), staged)
    await expect(schemas.change(nothing('once-only'), staged)).rejects.toThrow('no such staged change')
    expect(await schemas.discard(staged.changeId)).toBe(false)
    const other = await schemas.stage('once-only', {})
    expect(await schemas.discard(other.changeId)).toBe(true)
    await expect(schemas.change(nothing('once-only'), other)).rejects.toThrow('no such staged change')
  })

  it('lets whoever recovers wait for a change in progress, and learn that it happened', async () => {
    await apply(schemas, install('in-progress'))
    const staged = await schemas.stage('in-progress', { installation: installationOf('2.0.0') })
    const taking = new pg.Client({ connectionString: test.database.roleUrl('p_in_progress_owner') })
    await taking.connect()
    await taking.query('begin')
    await taking.query('select opsflux.finish_change($1, $2)', [staged.changeId, staged.token])
    const discarded = schemas.discard(staged.changeId)
    await expect.poll(async () => (await one<{ waiting: number }>("select count(*)::integer as waiting from pg_stat_activity where query like 'delete from opsflux.staged_change%' and wait_event_type = 'Lock'")).waiting, { timeout: 20_000 }).toBe(1)
    await taking.query('commit')
    await taking.end()
    expect(await discarded).toBe(false)
    expect(await one('select version from opsflux.installation where plugin_id = $1', ['in-progress'])).toEqual({ version: '2.0.0' })
  })

  it('cannot be called by requests', async () => {
    await expect(test.database.app.query('select opsflux.finish_change($1, $2)', [randomUUID(), 'x'])).rejects.toThrow('permission denied')
  })
})

describe('uninstall', () => {
  it('keeps the data of an uninstalled plugin and finds it again (keep)', async () => {
    await apply(schemas, install('kept-data'))
    await addIncidents(test, 'p_kept_data', ['Kept'])
    const rows = await schemas.rowsOf('kept-data')
    await schemas.change({ pluginId: 'kept-data', down: [], up: [] }, await schemas.stage('kept-data', { installation: null, keptData: { version: '1.0.0', digest: 'd', manifest: {}, rows } }))
    expect(await one("select rows::integer, (select count(*)::integer from opsflux.installation where plugin_id = 'kept-data') as installed from opsflux.kept_data where plugin_id = 'kept-data'")).toEqual({ rows: 1, installed: 0 })
    await schemas.change({ pluginId: 'kept-data', down: [], up: [] }, await schemas.stage('kept-data', { installation: installationOf('1.0.0'), keptData: null }))
    expect(await titlesOf(test, 'p_kept_data')).toEqual(['Kept'])
    expect(await one("select count(*)::integer as kept from opsflux.kept_data where plugin_id = 'kept-data'")).toEqual({ kept: 0 })
  })

  it('erases everything (purge): tables, restore points, entries', async () => {
    await apply(schemas, install('purged-data'))
    await addIncidents(test, 'p_purged_data', ['Gone'])
    await schemas.protect('purged-data', { version: '1.0.0', digest: 'd', manifest: {}, granted: [] })
    await schemas.purge('purged-data', await schemas.stage('purged-data', { installation: null, migrations: [] }))
    expect(await schemas.tables('purged-data')).toEqual([])
    expect(await schemas.applied('purged-data')).toEqual([])
    expect(await one(`select (select count(*)::integer from pg_namespace where pg_get_userbyid(nspowner) = 'p_purged_data_owner') as schemas,
      (select count(*)::integer from opsflux.restore_point where plugin_id = 'purged-data') as points`)).toEqual({ schemas: 0, points: 0 })
  })

  it('erases what the platform keeps of its records (purge), of all tenants, but the audit and what is of others', async () => {
    for (const id of [tenantA, tenantB]) await test.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'T') on conflict do nothing", [id])
    for (const pluginId of ['purged-records', 'other-records']) {
      await apply(schemas, install(pluginId))
      for (const tenant of [tenantA, tenantB]) {
        const record = [tenant, pluginId, randomUUID()]
        await test.database.admin.query("insert into opsflux.outbox (tenant_id, plugin_id, entity, record_id, action, revision, user_id, at, payload) values ($1, $2, 'incident', $3, 'create', 1, $3, now(), '{}')", record)
        await test.database.admin.query("insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, changes) values ($3, $1, now(), $2, 'incident', $3, 'create', 1, $3, '{}')", record)
        await test.database.admin.query("insert into opsflux.sequence_counter (tenant_id, plugin_id, entity, field, year, value) values ($1, $2, 'incident', 'number', 2026, 5)", record.slice(0, 2))
      }
    }
    await schemas.purge('purged-records', await schemas.stage('purged-records', { installation: null, migrations: [] }))
    for (const table of ['outbox', 'sequence_counter']) expect((await test.database.admin.query(`select distinct plugin_id from opsflux.${table}`)).rows).toEqual([{ plugin_id: 'other-records' }])
    expect(await one('select count(*)::integer as entries from opsflux.audit_entry')).toEqual({ entries: 4 })
  })

  it('shows no row of one tenant to the other after all of this', async () => {
    await apply(schemas, install('two-tenants'))
    await addIncidents(test, 'p_two_tenants', ['Mine'])
    expect(await titlesOf(test, 'p_two_tenants', tenantB)).toEqual([])
  })
})
