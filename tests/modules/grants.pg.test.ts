import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { limitTable, type CapabilityGrant, type ChangeRequest, type ModuleDetail, type ModuleLimit, type Operation, type Plan, type PlatformStatus, type Session } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { password, TestPlatform } from '../setup/platform.ts'

const id = 'hse-grants'
const [weather, tides, maps] = ['weather.example.com', 'tides.example.com', 'maps.example.com']
const mayFetch = (...hosts: string[]): CapabilityGrant => ({ name: 'http.fetch', hosts })

let platform: TestPlatform
let database: pg.Client
let admin: ApiClient
let first: string
let second: string

beforeAll(async () => {
  platform = await TestPlatform.start()
  database = new pg.Client({ connectionString: platform.parts.database.adminUrl })
  await database.connect()
  admin = await platform.signIn()
  first = await upload()
  second = await upload('tests/fixtures/hse-grants-1.1.0')
}, 120_000)
afterAll(async () => {
  await database?.end()
  await platform?.stop()
})

beforeEach(async () => {
  if ((await detail().catch(() => undefined))?.installed) await succeeds({ action: 'uninstall', id, data: 'purge' })
})

async function upload(overlay?: string): Promise<string> {
  const bytes = await readFile(await platform.parts.registry.build({ folder: 'tests/fixtures/hse-grants', ...(overlay ? { overlay } : {}) }))
  return (await admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)).fileId
}

async function succeeds(request: ChangeRequest): Promise<void> {
  expect(await admin.change(request)).toMatchObject({ state: 'succeeded' })
}

const detail = (client = admin) => client.get<ModuleDetail>(`/api/modules/${id}`)
const plan = (request: ChangeRequest) => admin.post<Plan>('/api/modules/plans', request)
const give = (grants: CapabilityGrant[], scope?: 'platform' | 'organisation') => admin.send<ModuleDetail>('PUT', `/api/modules/${id}/grants`, { grants, ...(scope ? { scope } : {}) })
const limit = (limits: Record<string, number | null>) => admin.send<ModuleDetail>('PUT', `/api/modules/${id}/limits`, { limits })
const names = () => codeOf(admin.get(`/api/${id}/names`))
/** One call that goes on asking for the caller's name, until it is refused. */
const again = (times: number, client = admin) => client.get<{ calls: number; code: string }>(`/api/${id}/again?times=${times}`)
const may = (client = admin) => client.get<string[]>(`/api/${id}/may`)
const granted = async (): Promise<CapabilityGrant[]> => (await database.query<{ granted: CapabilityGrant[] }>('select granted from opsflux.installation where plugin_id = $1', [id])).rows[0]?.granted ?? []

/** Somebody else on this platform, who signs in as the first administrator does: same password. */
async function signInAs(name: string, role: string, tenantId?: string): Promise<ApiClient> {
  const email = `${name}@example.com`
  await database.query(
    `insert into opsflux.user_account (tenant_id, email, name, role, password_hash)
     select coalesce($4, tenant_id), $1, $2, $3, password_hash from opsflux.user_account where email = 'admin@opsflux.local'`, [email, name, role, tenantId ?? null])
  return ApiClient.signIn(platform.host.url, email, password)
}

describe('grants', () => {
  test('are those required, and what the admin ticks', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    expect(await granted()).toEqual([{ name: 'users.read' }])
    expect(await may()).toEqual(['users.read'])
    expect((await detail()).capabilities).toEqual([
      expect.objectContaining({ name: 'users.read', granted: true }), expect.objectContaining({ name: 'http.fetch', granted: false, hosts: [tides, weather] }),
    ])
    await succeeds({ action: 'uninstall', id, data: 'purge' })
    await succeeds({ action: 'install', id, fileId: first, grant: [mayFetch('*.met.example')] })
    expect(await granted()).toEqual([{ name: 'users.read' }, mayFetch('*.met.example')])
    expect(await may()).toEqual(['users.read', 'http.fetch'])
  })

  test('for what the release does not ask for are refused', async () => {
    expect(await codeOf(plan({ action: 'install', id, fileId: first, grant: [{ name: 'secrets.read' }] }))).toBe('validation-failed')
    expect(await codeOf(plan({ action: 'install', id, fileId: first, grant: [mayFetch('127.0.0.1')] }))).toBe('validation-failed')
    expect(await codeOf(plan({ action: 'install', id, fileId: first, grant: [{ name: 'root' }] as unknown as CapabilityGrant[] }))).toBe('validation-failed')
  })

  test('narrowed persist through a restart, an update and the way back, which asks again for what is new', async () => {
    await succeeds({ action: 'install', id, fileId: first, grant: [{ name: 'http.fetch' }] })
    expect((await give([mayFetch(tides)])).capabilities).toEqual([
      expect.objectContaining({ name: 'users.read', granted: false }), expect.objectContaining({ name: 'http.fetch', granted: true, grantedHosts: [tides] }),
    ])
    await platform.restart()
    admin = await platform.signIn()
    expect(await names()).toBe('capability-denied')
    const update = await plan({ action: 'update', id, fileId: second })
    expect(update.capabilities).toEqual({ added: [{ name: 'http.fetch', reason: 'Asks for the weather.', required: true, hosts: [maps] }], removed: [] })
    expect(update.secrets).toEqual({ added: [expect.objectContaining({ name: 'weatherKey', required: true, hosts: [weather] })], removed: [] })
    expect(update.granted).toEqual([mayFetch(maps, tides)])
    await succeeds({ action: 'update', id, fileId: second })
    expect(await granted()).toEqual([mayFetch(maps, tides)])
    await give([{ name: 'users.read' }, mayFetch(maps)])
    await succeeds({ action: 'rollback', id, version: '1.0.0' })
    expect(await granted()).toEqual([mayFetch()])
    await succeeds({ action: 'update', id, fileId: second })
    expect(await granted()).toEqual([mayFetch(maps)])
  })

  test('for what is optional lapse with the last release that asks for it: going back and updating asks again', async () => {
    const without = await overlayOf(platform.parts.home, 'tests/fixtures/hse-grants', '0.9.0', { 'plugin.ts': (text) => text.replace(/ {2}capabilities: \[[^]*?\n {2}\],\n/, '') })
    await succeeds({ action: 'install', id, fileId: await upload(without) })
    await succeeds({ action: 'update', id, fileId: first, grant: [{ name: 'http.fetch' }] })
    expect(await may()).toEqual(['users.read', 'http.fetch'])
    await succeeds({ action: 'rollback', id, version: '0.9.0' })
    await succeeds({ action: 'update', id, fileId: first })
    expect(await may()).toEqual(['users.read'])
  })

  test('taken back are refused from the next host call on, also of a call that is running', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    expect(await names()).toBeUndefined()
    const running = again(2_400)
    await give([])
    expect(await names()).toBe('capability-denied')
    expect(await running).toMatchObject({ code: 'capability-denied' })
    expect(await codeOf(admin.post(`/api/${id}/note`, { text: 'x' }))).toBe('capability-denied')
    expect(await may()).toEqual([])
    await give([{ name: 'users.read' }])
    expect(await names()).toBeUndefined()
  })

  test('taken back by one organisation count for it alone', async () => {
    await succeeds({ action: 'install', id, fileId: first, grant: [{ name: 'http.fetch' }] })
    const { rows: [tenant] } = await database.query<{ id: string }>("insert into opsflux.tenant (id, name) values (gen_random_uuid(), 'Other') returning id")
    const other = await signInAs('otto', 'admin', tenant?.id)
    const kept = await give([mayFetch(weather)], 'organisation')
    expect(kept.capabilities).toEqual([
      expect.objectContaining({ name: 'users.read', granted: true, grantedHere: false }),
      expect.objectContaining({ name: 'http.fetch', granted: true, grantedHere: true, grantedHosts: [tides, weather], grantedHostsHere: [weather] }),
    ])
    expect([await may(), await may(other)]).toEqual([['http.fetch'], ['users.read', 'http.fetch']])
    expect([await names(), await codeOf(other.get(`/api/${id}/names`))]).toEqual(['capability-denied', undefined])
    expect((await detail(other)).capabilities.every((capability) => capability.grantedHere === undefined)).toBe(true)
    expect(await codeOf(give([{ name: 'users.read' }, mayFetch(weather, maps)], 'organisation'))).toBe('validation-failed')
  })

  test('are no longer there for a user whose account is gone', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    const guest = await signInAs('gone', 'admin')
    const running = again(2_400, guest)
    await database.query("delete from opsflux.user_session using opsflux.user_account where user_id = id and email = 'gone@example.com'")
    await database.query("delete from opsflux.user_account where email = 'gone@example.com'")
    expect(['capability-denied', 'not-signed-in']).toContain(await running.then(({ code }) => code, (error: { code: string }) => error.code))
  })

  test('make plans stale that were made before, and cannot change while the module does', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    const before = await plan({ action: 'update', id, fileId: second })
    await give([])
    expect(await codeOf(admin.post('/api/modules/operations', { planHash: before.hash }))).toBe('stale-plan')
    const { hash } = await plan({ action: 'update', id, fileId: second })
    const [answer, operation] = await Promise.all([codeOf(give([{ name: 'users.read' }])), admin.post<Operation>('/api/modules/operations', { planHash: hash }).catch((error: { code: string }) => error.code)])
    // One of them was first; the other was told.
    expect([['operation-in-progress', 'object'], [undefined, 'string']]).toContainEqual([answer, typeof operation])
    if (typeof operation === 'object') await admin.ended(operation.id)
  })

  test('that were refused are listed with who asked for what and how often', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    await database.query('delete from opsflux.capability_refusal')
    await give([])
    for (let time = 0; time < 3; time++) await names()
    expect((await detail()).refusals).toEqual([{ capability: 'users.read', detail: 'users.names', user: 'Administrator', count: 3, lastAt: expect.any(String) }])
  })
})

describe('limits', () => {
  const memory = (limits: ModuleLimit[]): ModuleLimit | undefined => limits.find(({ name }) => name === 'memoryMb')

  test('are those the module asks for, those an admin chooses, and never above the ceilings of all', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    expect(memory((await detail()).limits)).toEqual({ name: 'memoryMb', value: 300, default: 256, ceiling: 512, asked: 300 })
    expect(memory((await limit({ memoryMb: 128 })).limits)).toMatchObject({ value: 128, chosen: 128 })
    expect(await codeOf(limit({ memoryMb: 513 }))).toBe('validation-failed')
    expect(await codeOf(limit({ memoryMb: 95 }))).toBe('validation-failed')
    expect(await codeOf(limit({ patience: 1 }))).toBe('validation-failed')
    const { ceilings } = await admin.send<PlatformStatus>('PUT', '/api/platform/limits', { ceilings: { memoryMb: 112 } })
    expect(ceilings.memoryMb).toBe(112)
    expect(memory((await detail()).limits)).toMatchObject({ value: 112, ceiling: 112, chosen: 128 })
    expect(memory((await limit({ memoryMb: null })).limits)).toEqual({ name: 'memoryMb', value: 112, default: 256, ceiling: 112, asked: 300 })
    await admin.send('PUT', '/api/platform/limits', { ceilings: { memoryMb: null } })
    expect(memory((await detail()).limits)).toMatchObject({ value: 300, ceiling: 512 })
  })

  test('bind the running sandbox at once', async () => {
    await succeeds({ action: 'install', id, fileId: first })
    expect((await again(20)).code).toBe('never')
    await limit({ hostCallsPerCall: 10 })
    expect((await again(20)).calls).toBe(5)
    await limit({ hostCallsPerCall: null })
    expect((await again(20)).code).toBe('never')
  })

  test('of the platform are told with what keeps modules in, and how the registry is', async () => {
    const status = await admin.get<PlatformStatus>('/api/platform/status')
    expect(status.ceilings).toEqual(Object.fromEntries(Object.entries(limitTable).map(([name, { ceiling }]) => [name, ceiling])))
    expect(status.sandbox).toEqual({ applied: expect.arrayContaining([expect.any(String)]), missing: expect.any(Array) })
    expect(status.registry).toMatchObject({ level: 'ok' })
    expect(await codeOf(admin.send('PUT', '/api/platform/limits', { ceilings: { memoryMb: 5000 } }))).toBe('validation-failed')
  })
})

test('who may not manage modules may neither see nor change any of it', async () => {
  await succeeds({ action: 'install', id, fileId: first })
  const user = await signInAs('ursula', 'user')
  const stranger = new ApiClient(platform.host.url)
  const calls: [string, string, unknown?][] = [
    ['PUT', `/api/modules/${id}/grants`, { grants: [] }], ['PUT', `/api/modules/${id}/grants`, { grants: [], scope: 'organisation' }], ['PUT', `/api/modules/${id}/limits`, { limits: {} }],
    ['GET', '/api/platform/status'], ['PUT', '/api/platform/limits', { ceilings: {} }],
  ]
  for (const [method, path, body] of calls) {
    expect([method, path, await codeOf(user.send(method, path, body)), await codeOf(stranger.send(method, path, body))]).toEqual([method, path, 'forbidden', 'not-signed-in'])
  }
  expect((await user.get<Session>('/api/session')).user.name).toBe('ursula')
  expect(await granted()).toEqual([{ name: 'users.read' }])
})
