import { afterAll, beforeAll, expect, test } from 'vitest'
import { definerFunctions, narrowGrants, tablesOfNoRequest, tablesOfNoTenant } from './catalogue.ts'
import { TenantScene } from './scene.ts'

interface Table extends Record<string, unknown> { name: string; schema: string; kind: string; isForced: boolean; hasTenant: boolean; owner: string; policies: string[]; grants: string[]; columns: string[] }

let scene: TenantScene
let tables: Table[]

beforeAll(async () => {
  scene = await TenantScene.start()
  // Leaves a restore point behind, with a copy of every row.
  await scene.made(scene.a, '/api/hse-notes/note', { text: 'Kept' })
  await scene.install('hse-notes', { version: '1.0.1' })
  tables = await scene.rows<Table>(`
    select c.oid::regclass::text as name, n.nspname as schema, c.relkind as kind, c.relrowsecurity and c.relforcerowsecurity as "isForced", c.relowner::regrole::text as owner,
      exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = case c.relname when 'tenant' then 'id' else 'tenant_id' end and a.atttypid = 'uuid'::regtype and a.attnotnull and not a.attisdropped) as "hasTenant",
      array(select concat_ws(' ', p.policyname, p.permissive, p.cmd, p.roles, p.qual, p.with_check) from pg_policies p where p.schemaname = n.nspname and p.tablename = c.relname order by p.policyname) as policies,
      array(select concat_ws(' ', case when a.grantee = 0 then 'public' else a.grantee::regrole::text end, a.privilege_type) from aclexplode(c.relacl) a where a.grantee <> c.relowner order by 1) as grants,
      array(select concat_ws(' ', a.grantee::regrole::text, a.privilege_type, t.attname) from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid order by 1) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1`)
}, 120_000)
afterAll(() => scene?.stop())

const ofTenants = (): Table[] => tables.filter(({ name, schema }) => tablesOfNoTenant[name] === undefined && !schema.startsWith('r_'))

test('there are only plain tables, in the schemas of the platform, of its modules and of their restore points', () => {
  const schemas = new Set(tables.map(({ schema }) => schema.replace(/^r_[0-9a-f_]{32,36}$/, 'r_<id>')))
  expect([...schemas].toSorted().filter((schema) => schema !== 'r_<id>')).toEqual(['opsflux', 'p_hse_guarded', 'p_hse_notes'])
  expect(tables.filter(({ kind }) => kind !== 'r')).toEqual([])
})

test('every table is of a tenant, or there is a reason why not', () => {
  expect(ofTenants().filter(({ hasTenant }) => !hasTenant).map(({ name }) => name)).toEqual([])
  const known = tables.filter(({ name }) => tablesOfNoTenant[name] !== undefined)
  expect(known.map(({ name }) => name)).toEqual(Object.keys(tablesOfNoTenant).toSorted())
  expect(known.filter(({ hasTenant }) => hasTenant)).toEqual([])
})

test('every table of a tenant is under row-level security, for its owner too, and compares with the tenant of the transaction', () => {
  const setting = "(current_setting('opsflux.tenant'::text))::uuid"
  for (const { name, owner, isForced, policies } of ofTenants()) {
    const tenant = name.startsWith('opsflux.') ? setting : `( SELECT ${setting} AS current_setting)`
    const ofTenant = `(${name === 'opsflux.tenant' ? 'id' : 'tenant_id'} = ${tenant})`
    const [ofOwner, ofRequests, ...others] = policies
    expect({ name, isForced, ofOwner, others }).toEqual({ name, isForced: true, ofOwner: `owner_access PERMISSIVE ALL {${owner}} true true`, others: [] })
    // Without a check of its own, what is written is checked by the same condition.
    const expected = tablesOfNoRequest.includes(name) ? [undefined] : [`tenant_isolation PERMISSIVE ALL {opsflux_app} ${ofTenant} ${ofTenant}`, `tenant_isolation PERMISSIVE ALL {opsflux_app} ${ofTenant}`]
    expect(expected, name).toContain(ofRequests)
  }
})

test('nobody but its owner and requests reaches a table, and requests no more of it than they need', () => {
  const all = ['DELETE', 'INSERT', 'SELECT', 'UPDATE']
  for (const { name, grants } of ofTenants()) {
    const expected = tablesOfNoRequest.includes(name) ? [] : narrowGrants[name] ?? all
    expect({ name, grants }).toEqual({ name, grants: expected.map((privilege) => `opsflux_app ${privilege}`) })
  }
  const others = tables.filter((table) => !ofTenants().includes(table))
  expect(others.flatMap(({ name, grants, columns }) => [...grants, ...columns].map((grant) => `${name}: ${grant}`))).toEqual(['opsflux.installation: opsflux_app SELECT'])
  expect(ofTenants().flatMap(({ name, columns }) => columns.map((grant) => `${name}: ${grant}`))).toEqual([
    ...['deleted_at', 'edited_at', 'text'].map((column) => `opsflux.comment: opsflux_app UPDATE ${column}`),
    ...['email', 'id', 'locale', 'name', 'role', 'tenant_id'].map((column) => `opsflux.user_account: opsflux_app SELECT ${column}`),
  ])
})

test('what a restore point holds is out of reach', async () => {
  const copied = tables.filter(({ schema }) => schema.startsWith('r_'))
  expect(copied.length).toBeGreaterThan(0)
  const reached = await scene.rows(`select nspname, rolname from pg_namespace, pg_roles where nspname like 'r\\_%' and not rolsuper and rolname not like 'pg\\_%' and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage') and rolname in ('opsflux_app', 'p_hse_guarded_owner')`)
  expect(reached).toEqual([])
})

test('the role of requests owns nothing, is of no other role, and passes no policy', async () => {
  expect(await scene.rows(`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit from pg_roles where rolname = 'opsflux_app'`))
    .toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolinherit: false }])
  expect(await scene.rows(`select roleid::regrole::text from pg_auth_members where member = 'opsflux_app'::regrole`)).toEqual([])
  expect(await scene.rows(`select classid::regclass::text, objid from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = 'opsflux_app'::regrole and deptype = 'o'`)).toEqual([])
  expect(await scene.rows(`select defaclrole::regrole::text from pg_default_acl`)).toEqual([])
  expect(await scene.rows(`select rolname from pg_roles where rolname like 'p\\_hse\\_%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)`)).toEqual([])
})

test('functions that run with the rights of their owner are these, for these, each with a fixed search path', async () => {
  const functions = await scene.rows<{ name: string; path: string[] | null; callers: string[] }>(`
    select p.oid::regprocedure::text as name, p.proconfig as path, array(select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner order by 1) as callers
    from pg_proc p where p.prosecdef and p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema') order by 1`)
  expect(Object.fromEntries(functions.map(({ name, callers }) => [name, callers]))).toEqual(Object.fromEntries(Object.entries(definerFunctions).map(([name, { callers }]) => [name, callers])))
  for (const { name, path } of functions) expect(['search_path=""', 'search_path=pg_catalog, pg_temp'], name).toContain(path?.join())
})

test('all other functions of the platform answer by what they are given alone, or are triggers', async () => {
  const functions = await scene.rows<{ name: string; kind: string }>(`
    select p.oid::regprocedure::text as name, case when p.prorettype = 'trigger'::regtype then 'trigger' else p.provolatile::text end as kind
    from pg_proc p where not p.prosecdef and p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema') order by 1`)
  expect(functions.filter(({ kind }) => kind !== 'trigger' && kind !== 'i')).toEqual([])
})
