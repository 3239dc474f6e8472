import { hash, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import bodyParser from '@koa/bodyparser'
import Koa from 'koa'
import pino from 'pino'
import { Notifications } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { answerProblems, listen } from '@opsflux/process'
import { isOpsFluxError, type PluginManifest } from '@opsflux/sdk'
import { accessRoutes, actorOf, authenticate, Identity, identityMigrations, permissionsAnywhere } from '@opsflux/services'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { addTenant, addUser } from '../setup/users.ts'

interface Item { id: string; name: string }
interface Listed<T> { data: T[] }
interface Role extends Item { system: string | null; permissions: string[]; inherits: string[] }

let db: TestDatabase
let notifications: Notifications
let identity: Identity
let server: Server
let url: string
let admin: ApiClient
let user: ApiClient
let userId: string
let tenantId: string

beforeAll(async () => {
  db = await testDatabase({ kernelMigrations: identityMigrations() })
  notifications = await Notifications.start(db.database.roleUrl('opsflux_app'))
  identity = new Identity(db.database, notifications)
  server = createServer(appOf().callback())
  url = await listen(server, { port: 0, bind: '127.0.0.1', variable: 'OPSFLUX_PORT' })
  await identity.firstAdministrator('admin@example.org')
})
afterAll(async () => {
  server?.close()
  await notifications?.close()
  await db?.close()
})
// Each test has a tenant of its own.
beforeEach(async () => {
  tenantId = await addTenant(db.database.admin, `Tenant ${randomUUID()}`)
  admin = (await newUser('admin')).client
  const made = await newUser('user')
  user = made.client
  userId = made.id
})

function appOf(): Koa {
  const app = new Koa()
  app.use(answerProblems(pino({ level: 'silent' }))).use(authenticate(identity, async () => [])).use(bodyParser())
  app.use(accessRoutes({ database: db.database, noteChanged: (id) => identity.noteChanged(id) }).routes())
  return app
}

async function newUser(role: 'admin' | 'user' | 'guest', tenant = tenantId): Promise<{ id: string; client: ApiClient }> {
  const id = await addUser(db.database.admin, { email: `${randomUUID()}@example.org`, role, tenantId: tenant })
  // As signing in does, without its deliberately slow check of the password.
  const token = randomUUID()
  await db.database.app.query("select opsflux.open_session($1, $2, '1 hour')", [id, hash('sha256', token)])
  const client = new ApiClient(url)
  client.cookie = `opsflux_session=${token}`
  return { id, client }
}

const patch = <T>(client: ApiClient, path: string, body: unknown): Promise<T> => client.send('PATCH', path, body)
const remove = (client: ApiClient, path: string): Promise<void> => client.send('DELETE', path)
const company = (name: string): Promise<Item> => admin.post('/api/companies', { name })
const department = (name: string, of: Item, parent?: Item): Promise<Item> => admin.post('/api/departments', { name, company: of.id, ...(parent ? { parent: parent.id } : {}) })
const role = (name: string, permissions: string[] = [], ...inherits: Item[]): Promise<Role> => admin.post('/api/roles', { name, permissions, inherits: inherits.map(({ id }) => id) })
const hold = (of: Item, place: object = {}): Promise<Item> => admin.post(`/api/users/${userId}/memberships`, { role: of.id, ...place })
const system = async (name: string): Promise<Item> => (await admin.get<Listed<Role>>('/api/roles')).data.find((one) => one.system === name) ?? { id: '', name }

/** `422 /name`: status, and the path of what is wrong. */
async function refusalOf(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(() => undefined, (reason: unknown) => reason)
  if (!isOpsFluxError(error)) throw error ?? new Error('The call was not refused.')
  const [first] = (error.data['errors'] ?? []) as { path: string }[]
  return [error.status, first?.path].filter((part) => part !== undefined).join(' ')
}

function manifestOf(id: string, permissions: PluginManifest['permissions']): PluginManifest {
  return { formatVersion: 1, id, version: '1.0.0', publisher: 'test', name: id, summary: '', icon: 'x', category: 'x', sdk: '^1.0.0', capabilities: [], dependencies: {}, entities: [], permissions, menus: [], hooks: {}, routes: [], migrations: [], locales: [] }
}

describe('companies and departments (CORE-02.3, CORE-02.14, CORE-02.15)', () => {
  test('are made, renamed, moved and removed by who manages users, and read by everybody of the tenant', async () => {
    const north = await company('North')
    const [hse, logistics] = [await department('HSE', north), await department('Logistics', north)]
    const audits = await department('Audits', north, hse)
    expect(await patch(admin, `/api/departments/${audits.id}`, { parent: logistics.id, name: 'Field audits' })).toEqual({ id: audits.id, name: 'Field audits', company: north.id, parent: logistics.id })
    expect(await patch(admin, `/api/departments/${audits.id}`, { parent: null })).toMatchObject({ parent: null })
    expect(await patch(admin, `/api/companies/${north.id}`, { name: 'North Sea' })).toEqual({ id: north.id, name: 'North Sea' })
    await remove(admin, `/api/departments/${logistics.id}`)
    expect(await user.get('/api/companies')).toEqual({ data: [{ id: north.id, name: 'North Sea' }] })
    expect((await user.get<Listed<Item>>(`/api/departments?company=${north.id}`)).data.map(({ name }) => name)).toEqual(['Field audits', 'HSE'])
    expect(await user.get(`/api/departments?company=${randomUUID()}`)).toEqual({ data: [] })
  })

  test('keep their trees trees, and their names apart', async () => {
    const [north, south] = [await company('North'), await company('South')]
    const top = await department('Top', north)
    const middle = await department('Middle', north, top)
    const below = await department('Below', north, middle)
    for (const parent of [below, top]) expect(await refusalOf(patch(admin, `/api/departments/${top.id}`, { parent: parent.id }))).toBe('422 /parent')
    expect(await refusalOf(department('Other', south, top))).toBe('422 /parent')
    const other = await department('Other', south)
    expect(await refusalOf(patch(admin, `/api/departments/${top.id}`, { parent: other.id }))).toBe('422 /parent')
    expect(await refusalOf(department('top', north))).toBe('409')
    expect(await refusalOf(company('NORTH'))).toBe('409')
    expect(await refusalOf(patch(admin, `/api/companies/${south.id}`, { name: 'north' }))).toBe('409')
    await department('Top', south)
    expect(await refusalOf(remove(admin, `/api/departments/${middle.id}`))).toBe('409')
    expect(await refusalOf(remove(admin, `/api/companies/${north.id}`))).toBe('409')
  })

  test('two moves at once do not make a circle', async () => {
    const north = await company('North')
    const [one, two] = [await department('One', north), await department('Two', north)]
    const moves = await Promise.allSettled([patch(admin, `/api/departments/${one.id}`, { parent: two.id }), patch(admin, `/api/departments/${two.id}`, { parent: one.id })])
    expect(moves.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })
})

test('there are at most 1,000 companies, 5,000 departments and 200 roles in a tenant, and 100 roles of a user', async () => {
  const many = (text: string) => db.database.admin.query(text, [tenantId])
  const north = await company('North')
  await many("insert into opsflux.company (tenant_id, name) select $1, 'Company ' || n from generate_series(1, 998) n")
  await many(`insert into opsflux.department (tenant_id, company_id, name) select $1, '${north.id}', 'Department ' || n from generate_series(1, 4999) n`)
  await many("insert into opsflux.role (tenant_id, name) select $1, 'Role ' || n from generate_series(1, 196) n")
  await many(`insert into opsflux.membership (tenant_id, user_id, role_id) select $1, '${userId}', id from opsflux.role where tenant_id = $1 and system is null limit 99`)
  await company('The last')
  await department('The last', north)
  await hold(await role('The last'))
  const guest = await system('guest')
  for (const add of [() => company('One more'), () => department('One more', north), () => role('One more'), () => hold(guest)]) expect(await refusalOf(add())).toBe('409')
})

describe('roles (CORE-02.5 to CORE-02.9)', () => {
  test('are those of the system and those that are made, and inherit each other', async () => {
    const agent = await role('Logistics Agent', ['works.view.own'], await system('user'))
    const manager = await role('Operations Manager', ['works.approve.company', 'works.edit.all'], agent)
    expect(manager).toMatchObject({ system: null, permissions: ['works.approve.company', 'works.edit.all'], inherits: [agent.id] })
    expect(await patch(admin, `/api/roles/${agent.id}`, { name: 'Agent', permissions: [] })).toMatchObject({ name: 'Agent', permissions: [], inherits: [(await system('user')).id] })
    const { data } = await admin.get<Listed<Role>>('/api/roles')
    expect(data.map(({ name }) => name)).toEqual(['Admin', 'Guest', 'User', 'Agent', 'Operations Manager'])
    expect(await refusalOf(remove(admin, `/api/roles/${agent.id}`))).toBe('409')
    await remove(admin, `/api/roles/${manager.id}`)
    await remove(admin, `/api/roles/${agent.id}`)
  })

  test('go in no circle, by others either, and none inherits Admin', async () => {
    const one = await role('One')
    const two = await role('Two', [], one)
    const three = await role('Three', [], two)
    for (const inherits of [[one.id], [three.id], [(await system('admin')).id], [randomUUID()]]) expect(await refusalOf(patch(admin, `/api/roles/${one.id}`, { inherits }))).toBe('422 /inherits')
    expect((await admin.get<Listed<Role>>('/api/roles')).data.find(({ id }) => id === one.id)).toMatchObject({ inherits: [] })
    expect(await patch(admin, `/api/roles/${one.id}`, { inherits: [] })).toMatchObject({ inherits: [] })
  })

  test.each(['*', 'works.view', 'works.fly.all', 'works.view.world', 'works.*.all', 'Works.view.all', '*.view.all', 'works.view.all.x', ' works.view.all', 'works.view.all\u0000', `${'a'.repeat(90)}.view.all`])('permit nothing like %j', async (permission) => {
    expect(await refusalOf(role('Strange', [permission]))).toMatch(/^422 \/permissions\/0/)
  })

  test('permit on the platform all or nothing', async () => {
    expect(await refusalOf(role('Half', ['works.view.own', 'users.manage.own']))).toBe('422 /permissions/1')
    expect(await role('Whole', ['users.manage.all', 'modules.manage.all'])).toMatchObject({ permissions: ['users.manage.all', 'modules.manage.all'] })
  })

  test('of the system are the same everywhere', async () => {
    const guest = await system('guest')
    expect(await refusalOf(patch(admin, `/api/roles/${guest.id}`, { permissions: ['works.view.all'] }))).toBe('409')
    expect(await refusalOf(remove(admin, `/api/roles/${guest.id}`))).toBe('409')
    expect(await refusalOf(role('ADMIN'))).toBe('409')
  })
})

describe('memberships (CORE-02.3)', () => {
  test('are held in the tenant, at a company or at a department, once each', async () => {
    const north = await company('North')
    const hse = await department('HSE', north)
    const agent = await role('Agent', ['works.view.all'])
    const held = [await hold(agent), await hold(agent, { company: north.id }), await hold(agent, { company: north.id, department: hse.id })]
    expect(await user.get(`/api/users/${userId}/memberships`)).toEqual({ data: held })
    expect(held).toMatchObject([{ role: { name: 'Agent' }, company: null, department: null }, { company: { name: 'North' }, department: null }, { company: { id: north.id }, department: { name: 'HSE' } }])
    for (const place of [{}, { company: north.id }, { company: north.id, department: hse.id }]) expect(await refusalOf(hold(agent, place))).toBe('409')
    for (const path of [`/api/companies/${north.id}`, `/api/departments/${hse.id}`, `/api/roles/${agent.id}`]) expect(await refusalOf(remove(admin, path))).toBe('409')
    await remove(admin, `/api/users/${userId}/memberships/${held[2]?.id}`)
    expect((await user.get<Listed<unknown>>(`/api/users/${userId}/memberships`)).data).toHaveLength(2)
  })

  test('name what there is, of the same tenant and company', async () => {
    const [north, south] = [await company('North'), await company('South')]
    const hse = await department('HSE', north)
    const agent = await role('Agent')
    const theirs = await addTenant(db.database.admin, `Other ${randomUUID()}`)
    const stranger = await newUser('admin', theirs)
    const foreign = await stranger.client.post<Item>('/api/companies', { name: 'Foreign' })
    const cases: [object, string][] = [
      [{ role: randomUUID() }, '422 /role'], [{ company: foreign.id }, '422 /company'], [{ company: randomUUID() }, '422 /company'],
      [{ company: south.id, department: hse.id }, '422 /department'], [{ department: hse.id }, '422 /company'], [{ role: 'x' }, '422 /role'], [{ extra: 1 }, '422 /'],
    ]
    for (const [body, expected] of cases) expect(await refusalOf(hold(agent, body)), JSON.stringify(body)).toBe(expected)
    expect(await refusalOf(admin.post(`/api/users/${stranger.id}/memberships`, { role: agent.id }))).toBe('404')
    expect(await refusalOf(admin.post(`/api/users/${randomUUID()}/memberships`, { role: agent.id }))).toBe('404')
    expect(await refusalOf(remove(admin, `/api/users/${userId}/memberships/${randomUUID()}`))).toBe('404')
  })

  test('become what the user may, with the modules that are enabled, the very same object until something changes', async () => {
    const works = manifestOf('works', [{ action: 'view', scope: 'own', roles: ['user'] }])
    const [north, south] = [await company('North'), await company('South')]
    const agent = await role('Agent', ['works.edit.company', 'later.view.all'])
    await hold(await role('Manager', ['works.approve.all', 'users.manage.all'], agent), { company: north.id })
    await hold(await role('Platform', ['modules.manage.all', 'later.edit.all']))
    await hold(await system('admin'), { company: south.id })
    const who = await identity.user(tenantId, userId)
    if (!who) throw new Error('There is such a user.')
    const actor = actorOf(who, [works])
    expect({ ...actor, permissions: actor.permissions.toSorted() }).toMatchObject({ tenantId, userId, permissions: ['modules.manage.all', 'works.view.own'] })
    expect(actor.places).toHaveLength(2)
    expect(actor.places).toEqual(expect.arrayContaining([
      { companyId: north.id, departmentIds: [], permissions: ['works.approve.all', 'works.edit.company'] }, { companyId: south.id, departmentIds: [], permissions: ['*'] },
    ]))
    expect(actorOf(who, [works])).toBe(actor)
    expect(actorOf(who, [{ ...works }])).not.toBe(actor)
    const all = actorOf(who, [works, manifestOf('later', [])])
    expect(all.permissions).toContain('later.edit.all')
    expect(permissionsAnywhere(actor, [works])).toEqual(expect.arrayContaining(['modules.manage.all', 'works.view.own', 'works.approve.all', 'works.delete.company']))
    expect(permissionsAnywhere(actor, [works])).not.toContain('users.manage.all')
    await hold(await role('One more'))
    expect(await identity.user(tenantId, userId)).not.toBe(who)
  })
})

describe('rights', () => {
  const anId = randomUUID()
  const writes: [string, string, object?][] = [
    ['POST', '/api/companies', { name: 'x' }], ['PATCH', `/api/companies/${anId}`, { name: 'x' }], ['DELETE', `/api/companies/${anId}`],
    ['POST', '/api/departments', { name: 'x', company: anId }], ['PATCH', `/api/departments/${anId}`, {}], ['DELETE', `/api/departments/${anId}`],
    ['GET', '/api/roles'], ['POST', '/api/roles', { name: 'x' }], ['PATCH', `/api/roles/${anId}`, {}], ['DELETE', `/api/roles/${anId}`],
    ['GET', `/api/users/${anId}/memberships`], ['POST', `/api/users/${anId}/memberships`, { role: anId }], ['DELETE', `/api/users/${anId}/memberships/${anId}`],
  ]

  test.each(writes)('%s %s takes users.manage in the whole tenant', async (method, path, body) => {
    await hold(await role('At a company', ['users.manage.all']), { company: (await company('North')).id })
    expect(await codeOf(user.send(method, path, body))).toBe('forbidden')
    expect(await codeOf(new ApiClient(url).send(method, path, body))).toBe('not-signed-in')
    await hold(await role('Everywhere', ['users.manage.all']))
    expect(await codeOf(user.send(method, path, body))).not.toBe('forbidden')
  })

  test('nobody gives what he does not hold himself', async () => {
    const [manages, more, strong] = [await role('Manages', ['users.manage.all', 'works.view.all']), await role('More', ['works.edit.all']), await role('Strong', [], await role('Base', ['modules.manage.all']))]
    await hold(manages)
    const other = await newUser('user')
    const give = (of: Item, to = other.id): Promise<unknown> => user.post(`/api/users/${to}/memberships`, { role: of.id })
    for (const of of [more, strong, await system('admin'), await system('guest')]) expect(await codeOf(give(of)), of.name).toBe('forbidden')
    for (const permissions of [['modules.manage.all'], ['works.edit.own']]) expect(await codeOf(user.post('/api/roles', { name: 'Mine', permissions }))).toBe('forbidden')
    expect(await codeOf(user.post('/api/roles', { name: 'Mine', inherits: [strong.id] }))).toBe('forbidden')
    expect(await codeOf(patch(user, `/api/roles/${manages.id}`, { permissions: ['users.manage.all', 'works.view.all', 'works.delete.all'] }))).toBe('forbidden')
    expect(await codeOf(patch(user, `/api/roles/${more.id}`, { inherits: [] }))).toBe('forbidden')
    expect((await admin.get<Listed<Role>>('/api/roles')).data.map(({ name }) => name)).not.toContain('Mine')
    const mine = await user.post<Role>('/api/roles', { name: 'Mine', permissions: ['works.view.department', 'users.manage.all'], inherits: [(await system('user')).id] })
    await give(mine)
    expect(await codeOf(give(await role('Empty'), userId))).toBe('forbidden')
    expect(await codeOf(give(mine, userId.toUpperCase()))).toBe('forbidden')
  })

  test('nobody widens what he holds at a department by moving others below it', async () => {
    const north = await company('North')
    const [hse, logistics] = [await department('HSE', north), await department('Logistics', north)]
    await hold(await role('Manages', ['users.manage.all']))
    await patch(user, `/api/departments/${logistics.id}`, { parent: hse.id })
    await patch(user, `/api/departments/${logistics.id}`, { parent: null })
    await hold(await role('Agent'), { company: north.id, department: hse.id })
    expect(await codeOf(patch(user, `/api/departments/${logistics.id}`, { parent: hse.id }))).toBe('forbidden')
    await patch(user, `/api/departments/${logistics.id}`, { name: 'Supply' })
  })

  test('end with the membership, at the next call', async () => {
    const held = await hold(await role('Manages', ['users.manage.all']))
    await user.get('/api/roles')
    await remove(admin, `/api/users/${userId}/memberships/${held.id}`)
    expect(await codeOf(user.get('/api/roles'))).toBe('forbidden')
  })

  test('end at the tenant: another one sees and changes nothing', async () => {
    const [north, agent] = [await company('North'), await role('Agent')]
    const hse = await department('HSE', north)
    const { id } = await hold(agent, { company: north.id })
    const stranger = (await newUser('admin', await addTenant(db.database.admin, `Other ${randomUUID()}`))).client
    for (const path of ['/api/companies', '/api/departments', `/api/departments?company=${north.id}`, `/api/users/${userId}/memberships`]) expect(await stranger.get(path), path).toEqual({ data: [] })
    expect((await stranger.get<Listed<Role>>('/api/roles')).data.map(({ system: name }) => name)).toEqual(['admin', 'guest', 'user'])
    for (const [path, body] of [[`/api/companies/${north.id}`, { name: 'Mine' }], [`/api/departments/${hse.id}`, { name: 'Mine' }], [`/api/roles/${agent.id}`, { name: 'Mine' }]] as const) {
      expect(await codeOf(patch(stranger, path, body)), path).toBe('not-found')
      expect(await codeOf(remove(stranger, path)), path).toBe('not-found')
    }
    expect(await codeOf(remove(stranger, `/api/users/${userId}/memberships/${id}`))).toBe('not-found')
    expect(await refusalOf(stranger.post('/api/departments', { name: 'x', company: north.id }))).toBe('422 /company')
    expect(await refusalOf(stranger.post('/api/roles', { name: 'x', inherits: [agent.id] }))).toBe('422 /inherits')
  })
})

describe('what cannot be right is refused', () => {
  test.each([{ name: '' }, { name: '  ' }, { name: 'x'.repeat(101) }, { name: 'a\u0000b' }, { name: 7 }, {}, { name: 'x', id: 'x' }, [], 'x', null])('a company like %j', async (body) => {
    expect(await refusalOf(admin.post('/api/companies', body))).toMatch(/^4(00|22)/)
  })

  test('addresses that are no ids', async () => {
    for (const path of ['/api/companies/x', '/api/roles/..%2f', `/api/departments?company=%00`, `/api/users/x/memberships`]) expect(await refusalOf(path.includes('companies') || path.includes('roles') ? remove(admin, path) : admin.get(path)), path).toBe('400 /' + (path.includes('departments') ? 'company' : 'id'))
  })

  test('more than a tenant or a user may have, and no fewer', async () => {
    const run = (text: string): Promise<unknown> => db.database.admin.query(text, [tenantId])
    await run("insert into opsflux.company (tenant_id, name) select $1, 'c' || n from generate_series(1, 999) n")
    const last = await company('The last')
    expect(await refusalOf(company('One more'))).toBe('409')
    await db.database.admin.query("insert into opsflux.department (tenant_id, company_id, name) select $1, $2, 'd' || n from generate_series(1, 4999) n", [tenantId, last.id])
    await department('The last', last)
    expect(await refusalOf(department('One more', last))).toBe('409')
    await run("insert into opsflux.role (tenant_id, name) select $1, 'r' || n from generate_series(1, 196) n")
    const agent = await role('The last')
    expect(await refusalOf(role('One more'))).toBe('409')
    await db.database.admin.query("insert into opsflux.membership (tenant_id, user_id, role_id) select $1, $2, id from opsflux.role where tenant_id = $1 and name like 'r%' limit 99", [tenantId, userId])
    await hold(agent)
    expect(await refusalOf(hold(agent, { company: last.id }))).toBe('409')
  })
})
