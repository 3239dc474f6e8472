import { randomUUID } from 'node:crypto'
import { Notifications } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Identity } from './identity.ts'
import { identityMigrations } from './migrations.ts'
import { hashPassword } from './passwords.ts'
import { maxKept, UserMemory } from './user-memory.ts'

const password = 'correct horse battery staple'
let db: TestDatabase
/** Two hosts of one platform. */
const hosts: { notifications: Notifications; identity: Identity }[] = []
let a: Identity
let b: Identity
let tenantId: string
let passwordHash: string

beforeAll(async () => {
  db = await testDatabase({ kernelMigrations: identityMigrations() })
  passwordHash = await hashPassword(password)
  for (let n = 0; n < 2; n++) {
    const notifications = await Notifications.start(db.database.roleUrl('opsflux_app'))
    hosts.push({ notifications, identity: new Identity(db.database, notifications) })
  }
  const [first, second] = hosts
  if (!first || !second) throw new Error('There are two hosts.')
  a = first.identity
  b = second.identity
})
afterAll(async () => {
  await Promise.all(hosts.map(({ notifications }) => notifications.close()))
  await db.close()
})
beforeEach(async () => {
  tenantId = randomUUID()
  await admin('insert into opsflux.tenant (id, name) values ($1, $2)', tenantId, `Tenant ${tenantId}`)
  await expect.poll(() => hosts.every(({ notifications }) => notifications.isConnected), { interval: 5 }).toBe(true)
})

const admin = (text: string, ...values: unknown[]) => db.database.admin.query(text, values)

async function newUser(role = 'user'): Promise<{ id: string; email: string }> {
  const email = `${randomUUID()}@example.org`
  const { rows } = await admin('insert into opsflux.user_account (tenant_id, email, name, role, password_hash) values ($1, $2, $2, $3, $4) returning id', tenantId, email, role, passwordHash)
  return { id: String(rows[0].id), email }
}

async function newRole(permissions: string[]): Promise<string> {
  const { rows } = await admin('insert into opsflux.role (tenant_id, name, permissions) values ($1, $2, $3) returning id', tenantId, randomUUID(), permissions)
  return String(rows[0].id)
}

/** Resolves when a host heard of a change. */
function changeOn(host: Identity): Promise<void> {
  return new Promise((resolve) => { const forget = host.onSessionsEnded(() => { forget(); resolve() }) })
}

/** A session that host B has in memory: the same object twice. */
async function session(): Promise<{ id: string; token: string }> {
  const user = await newUser()
  const token = await a.signIn(user.email, password)
  await expect.poll(async () => (await b.who(token)) === (await b.who(token)), { interval: 5 }).toBe(true)
  return { id: user.id, token }
}

describe('who is signed in', () => {
  test('is answered from memory, by the very same object, until something changes', async () => {
    const { token } = await session()
    const first = await b.who(token)
    expect(first).toMatchObject({ tenantId, role: 'user', held: [{ companyId: null, systemRoles: ['user'], permissions: [] }] })
    expect(await b.who(token)).toBe(first)
  })

  test('a closed session ends at once on the host that closed it, and on others when they hear (CORE-01.3)', async () => {
    const { token } = await session()
    const heard = changeOn(b)
    await a.signOut(token)
    expect(await a.who(token)).toBeUndefined()
    await heard
    expect(await b.who(token)).toBeUndefined()
  })

  test('is forgotten of all hosts when the session runs out, the password, language or role changes, or the account goes', async () => {
    const changes: ((id: string, token: string) => Promise<unknown>)[] = [
      (_, token) => a.changeLocale(token, 'fr'),
      async (_, token) => { await expect(a.changePassword(token, password, password)).rejects.toMatchObject({ code: 'validation-failed' }); await a.changePassword(token, password, `${password} two`) },
      (id) => admin("update opsflux.user_account set role = 'guest' where id = $1", id),
      (id) => admin("update opsflux.user_session set expires_at = now() where user_id = $1", id),
      (id) => admin('delete from opsflux.user_account where id = $1', id),
      () => admin("update opsflux.tenant set name = 'Renamed' where id = $1", tenantId),
    ]
    for (const change of changes) {
      const { id, token } = await session()
      const before = await b.who(token)
      const heard = changeOn(b)
      await change(id, token)
      await heard
      await expect.poll(() => b.who(token), { interval: 5 }).not.toBe(before)
    }
  })

  test('a permission that is changed on one host is seen by another when it hears, in less than a second (CORE-02.13)', async () => {
    const { id, token } = await session()
    const role = await newRole(['works.view.all'])
    const permissions = async () => (await b.who(token))?.held.flatMap((held) => held.permissions)
    expect(await permissions()).toEqual([])
    const changes: [string, unknown[], string[]][] = [
      ['insert into opsflux.membership (tenant_id, user_id, role_id) values ($1, $2, $3)', [tenantId, id, role], ['works.view.all']],
      ["update opsflux.role set permissions = '{works.edit.own}' where id = $1", [role], ['works.edit.own']],
      ['delete from opsflux.membership where role_id = $1', [role], []],
    ]
    for (const [text, values, expected] of changes) {
      const heard = changeOn(b)
      await admin(text, ...values)
      await heard
      expect(await permissions()).toEqual(expected)
    }
  })

  test('is read anew while the database is not heard, and after it is heard again', async () => {
    const { id, token } = await session()
    const before = await b.who(token)
    const heard = changeOn(b)
    await admin("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opsflux-notifications' and datname = current_database()")
    await admin("update opsflux.user_account set name = 'Somebody else' where id = $1", id)
    await expect.poll(async () => (await b.who(token))?.name, { interval: 5 }).toBe('Somebody else')
    await heard
    expect(await b.who(token)).not.toBe(before)
  })

  test('is known of users who are not signed in, in their own tenant alone', async () => {
    const { id } = await newUser('guest')
    expect(await a.user(tenantId, id)).toMatchObject({ id, role: 'guest' })
    expect(await a.user(tenantId, id)).toBe(await a.user(tenantId, id))
    expect(await a.user(randomUUID(), id)).toBeUndefined()
  })
})

describe('what a user holds', () => {
  test('is by place, with inherited roles, and with the departments below (CORE-02.3, CORE-02.7, CORE-02.15)', async () => {
    const { id } = await newUser()
    const [agent, manager] = [await newRole(['works.view.department']), await newRole(['works.edit.company'])]
    await admin('insert into opsflux.role_inheritance (tenant_id, role_id, inherits_id) values ($1, $2, $3)', tenantId, manager, agent)
    const { rows: [north] } = await admin("insert into opsflux.company (tenant_id, name) values ($1, 'North') returning id", tenantId)
    const { rows: [south] } = await admin("insert into opsflux.company (tenant_id, name) values ($1, 'South') returning id", tenantId)
    const department = async (name: string, parent: unknown = null): Promise<string> =>
      String((await admin('insert into opsflux.department (tenant_id, company_id, name, parent_id) values ($1, $2, $3, $4) returning id', tenantId, south.id, name, parent)).rows[0].id)
    const top = await department('HSE')
    const below = [top, await department('Audits', top)]
    below.push(await department('Field audits', below[1]))
    await department('Logistics')
    const add = (role: string, company: unknown = null, place: unknown = null) => admin('insert into opsflux.membership (tenant_id, user_id, role_id, company_id, department_id) values ($1, $2, $3, $4, $5)', tenantId, id, role, company, place)
    await add(manager, north.id)
    await add(agent, south.id, top)
    const held = (await a.user(tenantId, id))?.held ?? []
    expect(held).toHaveLength(3)
    expect(held).toEqual(expect.arrayContaining([
      { companyId: null, departmentIds: [], systemRoles: ['user'], permissions: [] },
      { companyId: north.id, departmentIds: [], systemRoles: [], permissions: ['works.edit.company', 'works.view.department'] },
      { companyId: south.id, departmentIds: below.toSorted(), systemRoles: [], permissions: ['works.view.department'] },
    ]))
  })

  test('cannot be read or written past the tenant by the role of requests', async () => {
    await newRole(['works.view.all'])
    const other = randomUUID()
    for (const table of ['role', 'role_inheritance', 'company', 'department', 'membership']) await expect(db.database.app.query(`select * from opsflux.${table}`)).rejects.toThrow(/opsflux.tenant/)
    await expect(db.database.app.query('select opsflux.held_by($1)', [other])).rejects.toThrow(/permission denied/)
  })
})

describe('the memory of users', () => {
  const found = (id: string, secondsLeft = 60) => ({ user: { id, tenantId: 't', tenantName: '', email: '', name: '', locale: 'en', role: 'user' as const, mustChangePassword: false, held: [] }, secondsLeft })

  test('keeps as many as it may, and lets go of the one used least recently', async () => {
    const memory = new UserMemory({ isConnected: true })
    let reads = 0
    const get = (id: string) => memory.get(id, async () => { reads++; return found(id) })
    for (let n = 0; n < maxKept; n++) await get(`u${n}`)
    await get('u0')
    expect(reads).toBe(maxKept)
    await get('one more')
    await get('u0')
    expect(reads).toBe(maxKept + 1)
    await get('u1')
    expect(reads).toBe(maxKept + 2)
  })

  test('reads once for all who ask together, keeps nothing unknown, and nothing past its end', async () => {
    const memory = new UserMemory({ isConnected: true })
    let reads = 0
    const read = async () => { reads++; return found('u', 0) }
    await Promise.all([memory.get('u', read), memory.get('u', read)])
    expect(reads).toBe(1)
    await memory.get('u', read)
    expect(reads).toBe(2)
    for (let n = 0; n < 2; n++) expect(await memory.get('x', async () => { reads++; return undefined })).toBeUndefined()
    expect(reads).toBe(4)
  })

  test('does not keep what was being read while it changed', async () => {
    const memory = new UserMemory({ isConnected: true })
    const slow = Promise.withResolvers<ReturnType<typeof found>>()
    const before = memory.get('u', () => slow.promise)
    memory.forget('u')
    const after = memory.get('u', async () => found('new'))
    slow.resolve(found('old'))
    expect([(await before)?.id, (await after)?.id]).toEqual(['old', 'new'])
    expect((await memory.get('u', async () => found('newer')))?.id).toBe('new')
  })
})
