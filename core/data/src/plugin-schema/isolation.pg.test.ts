import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../database/sql.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, asTenant, incidents, tenantA, tenantB, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'

const schema = 'p_isolated_one'
const otherSchema = 'p_isolated_two'

describe('isolation of data', () => {
  let test: TestDatabase
  beforeAll(async () => {
    test = await testDatabase()
    const schemas = new PluginSchemas(test.database)
    for (const pluginId of ['isolated-one', 'isolated-two']) {
      await apply(schemas, { pluginId, down: [], up: [incidents.init, incidents.keepingActions] })
    }
    await apply(schemas, { pluginId: 'isolated-two', down: [{ id: '0002-actions', downSql: incidents.keepingActions.downSql }], up: [] })
    await addIncidents(test, schema, ['Of A'])
    await addIncidents(test, schema, ['Of B'], tenantB)
  })
  afterAll(() => test.close())

  it('puts every table of every plugin under row-level security, by the catalogue', async () => {
    const { rows } = await test.database.admin.query<{ table: string; forced: boolean; policies: string[] }>(`
      select c.oid::regclass::text as table, c.relrowsecurity and c.relforcerowsecurity as forced,
        (select array_agg(concat_ws(' ', p.policyname, p.permissive, p.cmd, p.roles, p.qual, p.with_check) order by p.policyname)
          from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname) as policies
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname like 'p\\_%' and c.relkind in ('r', 'p') order by 1`)
    expect(rows.map((row) => row.table)).toEqual([`${schema}.action`, `${schema}.incident`, `${otherSchema}.incident`, `${otherSchema}.kept_action`, `${otherSchema}.kept_cause`])
    const tenant = "(tenant_id = ( SELECT (current_setting('opsflux.tenant'::text))::uuid AS current_setting))"
    for (const { table, forced, policies } of rows) {
      const owner = `${table.split('.')[0]}_owner`
      expect({ table, forced, policies }).toEqual({ table, forced: true, policies: [`owner_access PERMISSIVE ALL {${owner}} true true`, `tenant_isolation PERMISSIVE ALL {opsflux_app} ${tenant} ${tenant}`] })
    }
  })

  it('lets nobody but owner and requests touch a table, and requests no table that was put aside', async () => {
    const { rows } = await test.database.admin.query<{ grantee: string; kept: boolean }>(`
      select distinct a.grantee::regrole::text as grantee, c.relname like 'kept\\_%' as kept
      from pg_class c, aclexplode(c.relacl) a where c.relnamespace::regnamespace::text like 'p\\_%' and c.relkind = 'r' and a.grantee <> c.relowner`)
    expect(rows).toEqual([{ grantee: 'opsflux_app', kept: false }])
  })

  it('shows, changes and deletes rows of the own tenant only', async () => {
    expect(await titlesOf(test, schema, tenantA)).toEqual(['Of A'])
    expect(await titlesOf(test, schema, tenantB)).toEqual(['Of B'])
    const updated = await asTenant(test, sql`update p_isolated_one.incident set title = 'Taken' where title = 'Of A' returning id`, tenantB)
    const deleted = await asTenant(test, sql`delete from p_isolated_one.incident where title = 'Of A' returning id`, tenantB)
    expect([updated, deleted]).toEqual([[], []])
    expect(await titlesOf(test, schema, tenantA)).toEqual(['Of A'])
  })

  it('refuses to write a row into another tenant', async () => {
    await expect(asTenant(test, sql`insert into p_isolated_one.incident (tenant_id, title) values (${tenantA}, 'Planted')`, tenantB)).rejects.toThrow('row-level security')
    await expect(asTenant(test, sql`update p_isolated_one.incident set tenant_id = ${tenantA}`, tenantB)).rejects.toThrow('row-level security')
  })

  it('refuses to read anything without a tenant', async () => {
    await expect(test.database.app.query(`select id from ${schema}.incident`)).rejects.toMatchObject({ code: expect.stringMatching(/^(22P02|42704)$/) })
  })

  describe('of the owner role of a plugin', () => {
    let owner: pg.Client
    beforeAll(async () => {
      owner = new pg.Client({ connectionString: test.database.roleUrl(`${schema}_owner`) })
      await owner.connect()
    })
    afterAll(() => owner.end())

    it.each([
      ['another plugin’s rows', `select * from ${otherSchema}.incident`], ['another plugin’s schema', `create table ${otherSchema}.mine (id uuid)`],
      ['the platform’s tables', 'select * from opsflux.installation'], ['staged changes', 'select * from opsflux.staged_change'],
      ['the platform’s schema', 'create table opsflux.mine (id uuid)'], ['the public schema', 'create table public.mine (id uuid)'], ['new schemas', 'create schema mine'],
      ['another owner', `set role ${otherSchema}_owner`], ['the role of requests', 'set role opsflux_app'], ['the superuser', 'set role postgres'],
      ['another session user', `set session authorization ${otherSchema}_owner`], ['programs', "copy (select 1) to program 'true'"], ['files', "select pg_read_file('/etc/passwd')"],
      ['temporary tables', 'create temporary table mine (id uuid)'], ['passwords', 'select * from pg_authid'], ['new roles', 'create role mine'], ['its own limits', `alter role ${schema}_owner superuser`],
    ])('refuses %s', async (_, statement) => {
      await expect(owner.query(statement)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|0LP01|3F000)$/) })
    })
  })

  it('lets the role of requests change no table and take no other role', async () => {
    const client = new pg.Client({ connectionString: test.database.roleUrl('opsflux_app') })
    client.on('error', () => undefined)
    await client.connect()
    for (const statement of [`alter table ${schema}.incident disable row level security`, `drop table ${schema}.incident`, `set role ${schema}_owner`, `create table ${schema}.mine (id uuid)`,
      `truncate ${schema}.incident`, 'update opsflux.installation set state = state', 'create temporary table mine (id uuid)']) {
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' })
    }
    await client.end()
  })
})
