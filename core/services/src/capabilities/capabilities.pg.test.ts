import { randomUUID } from 'node:crypto'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import type { CapabilityEntry, CapabilityGrant, Refusal } from '@opsflux/sdk'
import { identityMigrations } from '../identity/migrations.ts'
import { moduleMigrations } from '../modules/migrations.ts'
import { Capabilities } from './capabilities.ts'
import { capabilityMigrations } from './migrations.ts'
import { ModuleLimits } from './module-limits.ts'

const log = pino({ level: 'silent' })
const asked: CapabilityEntry[] = [
  { name: 'users.read', reason: 'Names', required: true },
  { name: 'http.fetch', reason: 'Weather', required: false, hosts: ['a.example.com', 'b.example.com'] },
]
const everything: CapabilityGrant[] = [{ name: 'users.read' }, { name: 'http.fetch', hosts: ['a.example.com', 'b.example.com'] }]
let own: TestDatabase
let capabilities: Capabilities

beforeAll(async () => {
  own = await testDatabase({ kernelMigrations: [...identityMigrations(), ...moduleMigrations(), ...capabilityMigrations()] })
  capabilities = new Capabilities({ admin: own.database.admin, log })
})
afterAll(async () => {
  await capabilities.stop()
  await own.close()
})

const admin = () => own.database.admin

async function tenantWithUser(name = 'Ada'): Promise<{ tenantId: string; userId: string }> {
  const [tenantId, userId] = [randomUUID(), randomUUID()]
  await admin().query('insert into opsflux.tenant (id, name) values ($1, $2)', [tenantId, name])
  await admin().query("insert into opsflux.user_account (id, tenant_id, email, name, role, password_hash) values ($1, $2, $4, $3, 'admin', '')", [userId, tenantId, name, `${userId}@example.com`])
  return { tenantId, userId }
}

async function install(granted: CapabilityGrant[] = everything): Promise<string> {
  const pluginId = `hse-${randomUUID().slice(0, 8)}`
  await admin().query(
    "insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, granted, changed_by) values ($1, '1.0.0', 'd', 'registry', 'active', $2, $3, 'system')",
    [pluginId, JSON.stringify({ id: pluginId, capabilities: asked }), JSON.stringify(granted)])
  return pluginId
}

describe('a call that needs a capability', () => {
  test('goes on when plugin, organisation, user and capability agree', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install()]
    expect(await capabilities.allows({ ...actor, pluginId, capability: 'users.read' })).toBe(true)
    expect(await capabilities.hostsFor({ ...actor, pluginId })).toEqual(['a.example.com', 'b.example.com'])
    expect(await capabilities.namesFor({ ...actor, pluginId })).toEqual(['users.read', 'http.fetch'])
  })

  test('is refused for another capability than the one granted', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install([{ name: 'secrets.read' }])]
    expect(await capabilities.allows({ ...actor, pluginId, capability: 'users.read' })).toBe(false)
    expect(await capabilities.hostsFor({ ...actor, pluginId })).toEqual([])
  })

  test('is refused to another plugin, to one that is not installed, and to one whose release was revoked', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install()]
    const allows = (id: string) => capabilities.allows({ ...actor, pluginId: id, capability: 'users.read' })
    expect([await allows(await install([])), await allows('hse-nowhere'), await allows(pluginId)]).toEqual([false, false, true])
    await admin().query("update opsflux.installation set state = 'blocked' where plugin_id = $1", [pluginId])
    capabilities.forget(pluginId)
    expect(await allows(pluginId)).toBe(false)
  })

  test('is refused for a user of another organisation, for one whose account is gone, and for what is no id at all', async () => {
    const [actor, other, pluginId] = [await tenantWithUser(), await tenantWithUser(), await install()]
    const allows = (userId: string, tenantId = actor.tenantId) => capabilities.allows({ pluginId, tenantId, userId, capability: 'users.read' })
    expect(await Promise.all([allows(other.userId), allows(randomUUID()), allows("' or true --"), allows('\n'), allows(actor.userId)])).toEqual([false, false, false, false, true])
    await admin().query('delete from opsflux.user_account where id = $1', [actor.userId])
    capabilities.forget(pluginId)
    expect(await allows(actor.userId)).toBe(false)
  })

  test('is refused while the module is off for the organisation', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install()]
    await admin().query('insert into opsflux.installation_tenant (plugin_id, tenant_id, enabled) values ($1, $2, false)', [pluginId, actor.tenantId])
    expect(await capabilities.allows({ ...actor, pluginId, capability: 'users.read' })).toBe(false)
  })

  test('is refused by another host too, within a second', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install()]
    const other = new Capabilities({ admin: admin(), log })
    const check = { ...actor, pluginId, capability: 'users.read' } as const
    expect(await other.allows(check)).toBe(true)
    await capabilities.set({ ...actor, pluginId, scope: 'platform', grants: [] })
    expect(await capabilities.allows(check)).toBe(false)
    await expect.poll(() => other.allows(check), { timeout: 10_000 }).toBe(false)
  })
})

describe('an admin', () => {
  test('narrows for everybody, and takes a required capability back', async () => {
    const [actor, other, pluginId] = [await tenantWithUser(), await tenantWithUser(), await install()]
    await capabilities.set({ ...actor, pluginId, scope: 'platform', grants: [{ name: 'http.fetch', hosts: ['b.example.com'] }] })
    for (const { tenantId } of [actor, other]) expect(await capabilities.grantsFor({ pluginId, tenantId })).toEqual([{ name: 'http.fetch', hosts: ['b.example.com'] }])
    await capabilities.set({ ...actor, pluginId, scope: 'platform', grants: everything })
    expect(await capabilities.grantsFor({ pluginId, ...other })).toEqual(everything)
  })

  test('takes back for one organisation what the others keep', async () => {
    const [actor, other, pluginId] = [await tenantWithUser(), await tenantWithUser(), await install()]
    await capabilities.set({ ...actor, pluginId, scope: 'organisation', grants: [{ name: 'http.fetch', hosts: ['a.example.com'] }] })
    expect(await capabilities.grantsFor({ pluginId, ...actor })).toEqual([{ name: 'http.fetch', hosts: ['a.example.com'] }])
    expect(await capabilities.grantsFor({ pluginId, ...other })).toEqual(everything)
    await capabilities.set({ ...actor, pluginId, scope: 'organisation', grants: everything })
    expect((await admin().query('select withdrawn from opsflux.installation_tenant where plugin_id = $1', [pluginId])).rows).toEqual([{ withdrawn: null }])
  })

  test('cannot give an organisation more than the platform has', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install([{ name: 'users.read' }])]
    await expect(capabilities.set({ ...actor, pluginId, scope: 'organisation', grants: everything })).rejects.toMatchObject({ code: 'validation-failed' })
    await expect(capabilities.set({ ...actor, pluginId, scope: 'platform', grants: [{ name: 'secrets.read' }] })).rejects.toMatchObject({ code: 'validation-failed' })
    expect(await capabilities.grantsFor({ pluginId, ...actor })).toEqual([{ name: 'users.read' }])
  })

  test('waits for an operation that changes the module, and leaves no trace of having held it off', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install()]
    await admin().query("insert into opsflux.operation (id, plugin_id, action, state, plan, started_by, host_id) values ($2, $1, 'update', 'running', '{}', 'system', 'h')", [pluginId, randomUUID()])
    await expect(capabilities.set({ ...actor, pluginId, scope: 'platform', grants: [] })).rejects.toMatchObject({ code: 'operation-in-progress' })
    expect(await capabilities.grantsFor({ pluginId, ...actor })).toEqual(everything)
    await admin().query("update opsflux.operation set state = 'succeeded' where plugin_id = $1", [pluginId])
    await Promise.all([[], everything, []].map((grants) => capabilities.set({ ...actor, pluginId, scope: 'platform', grants })))
    expect((await admin().query('select state from opsflux.operation where plugin_id = $1', [pluginId])).rows).toEqual([{ state: 'succeeded' }])
  })

  test('is told when there is no such module', async () => {
    await expect(capabilities.set({ ...(await tenantWithUser()), pluginId: 'hse-nowhere', scope: 'platform', grants: [] })).rejects.toMatchObject({ code: 'not-found' })
    expect((await admin().query("select from opsflux.operation where plugin_id = 'hse-nowhere'")).rowCount).toBe(0)
  })
})

describe('what was refused', () => {
  const seen = async (pluginId: string, tenantId: string): Promise<Omit<Refusal, 'lastAt'>[]> =>
    (await capabilities.refusalsOf({ pluginId, tenantId })).map(({ capability, detail, user, count }) => ({ capability, detail, user, count }))

  test('is written down with who, what and how often, for the organisation it concerns', async () => {
    const [actor, other, pluginId] = [await tenantWithUser('Grace'), await tenantWithUser('Alan'), await install([])]
    for (let time = 0; time < 3; time++) capabilities.refused({ ...actor, pluginId, capability: 'http.fetch', detail: 'evil.example' })
    capabilities.refused({ ...other, pluginId, capability: 'users.read', detail: 'users.names' })
    expect(await seen(pluginId, actor.tenantId)).toEqual([{ capability: 'http.fetch', detail: 'evil.example', user: 'Grace', count: 3 }])
    capabilities.refused({ ...actor, pluginId, capability: 'http.fetch', detail: 'evil.example' })
    expect(await seen(pluginId, actor.tenantId)).toEqual([{ capability: 'http.fetch', detail: 'evil.example', user: 'Grace', count: 4 }])
    expect(await seen(pluginId, other.tenantId)).toEqual([{ capability: 'users.read', detail: 'users.names', user: 'Alan', count: 1 }])
  })

  test('stays within bounds however many hosts a module makes up, and counts all of them', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install([])]
    for (let host = 0; host < 5_000; host++) capabilities.refused({ ...actor, pluginId, capability: 'http.fetch', detail: `h${host}.example` })
    await capabilities.refusalsOf({ ...actor, pluginId })
    const { rows: [row] } = await admin().query('select count(*)::integer as rows, sum(count)::integer as calls from opsflux.capability_refusal where plugin_id = $1', [pluginId])
    expect(row).toEqual({ rows: 201, calls: 5_000 })
    expect(await capabilities.refusalsOf({ ...actor, pluginId })).toHaveLength(50)
  })

  test('is kept as one line of text, whatever it was', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install([])]
    capabilities.refused({ ...actor, pluginId, capability: 'http.fetch', detail: `a\u0000\nb\ud800${'x'.repeat(5_000)}` })
    const [refusal] = await seen(pluginId, actor.tenantId)
    expect(refusal?.detail).toHaveLength(255)
    expect(refusal?.detail).toMatch(/^a\ufffd\ufffdb\ufffdx+$/)
  })

  test('of one that is no user is lost without taking others along', async () => {
    const [actor, pluginId] = [await tenantWithUser(), await install([])]
    capabilities.refused({ pluginId, tenantId: actor.tenantId, userId: 'nobody', capability: 'users.read', detail: 'users.names' })
    capabilities.refused({ ...actor, pluginId, capability: 'users.read', detail: 'users.names' })
    expect(await seen(pluginId, actor.tenantId)).toHaveLength(1)
  })

  test('cannot be read or written by requests', async () => {
    const actor = await tenantWithUser()
    await expect(own.database.transaction(actor, (transaction) => transaction.texts(sql`select * from opsflux.capability_refusal`))).rejects.toThrow('permission denied')
    await expect(own.database.transaction(actor, (transaction) => transaction.texts(sql`select * from opsflux.sandbox_limit`))).rejects.toThrow('permission denied')
  })
})

describe('limits', () => {
  test('are those asked for until an admin chooses, within the ceiling of all', async () => {
    const limits = new ModuleLimits(admin(), log)
    const manifest = { id: `hse-${randomUUID().slice(0, 8)}`, limits: { memoryMb: 300 } }
    const memory = async (): Promise<unknown> => (await limits.of(manifest)).find(({ name }) => name === 'memoryMb')
    expect(await memory()).toEqual({ name: 'memoryMb', value: 300, default: 256, ceiling: 512, asked: 300 })
    await limits.choose(manifest.id, { memoryMb: 512 }, { userId: 'u' })
    expect(await memory()).toEqual({ name: 'memoryMb', value: 512, default: 256, ceiling: 512, asked: 300, chosen: 512 })
    await expect(limits.choose(manifest.id, { memoryMb: 513 }, { userId: 'u' })).rejects.toMatchObject({ code: 'validation-failed' })
    await limits.setCeilings({ memoryMb: 200 }, { userId: 'u' })
    expect(await memory()).toMatchObject({ value: 200, ceiling: 200, chosen: 512 })
    expect(await limits.valuesOf(manifest)).toMatchObject({ memoryMb: 200, callMs: 1500 })
    await limits.choose(manifest.id, { memoryMb: null }, { userId: 'u' })
    expect(await memory()).toEqual({ name: 'memoryMb', value: 200, default: 256, ceiling: 200, asked: 300 })
    await limits.setCeilings({ memoryMb: null }, { userId: 'u' })
    expect(await memory()).toMatchObject({ value: 300, ceiling: 512 })
    await expect(limits.setCeilings({ memoryMb: 4097 }, { userId: 'u' })).rejects.toMatchObject({ code: 'validation-failed' })
    await limits.setCeilings({ memoryMb: 4096 }, { userId: 'u' })
    await limits.setCeilings({ memoryMb: null }, { userId: 'u' })
  })
})
