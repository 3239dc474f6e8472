import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ModuleSummary, Page, Plan, Session } from '@opsflux/sdk'
import { parseTargets } from '@opsflux/registry-metadata'
import { Repository } from '@opsflux/registry-repository'
import { codeOf } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { hseReports } from '../setup/registry.ts'
import { LifecycleScene } from './scene.ts'

const id = 'hse-reports'
const other = 'hse-bench'
const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: `Platform ${n}`, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })
let scene: LifecycleScene
/** A release that each test may spoil: 1.2.1, 1.2.2 … */
let release: string
let patch = 0
let holdAt: { step: string; reached: () => void; until: Promise<void>; goOn: () => void } | undefined

beforeAll(async () => {
  scene = await LifecycleScene.start({
    onStep: async (_, step, phase) => {
      if (holdAt?.step !== `${step} ${phase}`) return
      holdAt.reached()
      await holdAt.until
    },
  })
  await scene.platform.parts.registry.publish({ folder: 'tests/fixtures/hse-bench' })
  await succeeds({ action: 'install', id: other })
  await succeeds({ action: 'install', id, version: '1.0.0' })
  for (let n = 0; n < 3; n++) await scene.admin.post(`/api/${id}/incident`, incident(n))
}, 120_000)
afterAll(() => scene?.stop())

beforeEach(async () => {
  scene.cutRegistry(false)
  release = `1.2.${++patch}`
  await scene.platform.parts.registry.publish({ folder: hseReports, overlay: await overlayOf(scene.platform.parts.home, hseReports, release) })
  await succeeds({ action: 'update', id, version: release })
}, 60_000)

afterEach(letGo)

/** Operations stop at that moment until they are let go; resolves when one has come there. */
function hold(step: string): Promise<void> {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  holdAt = { step, reached: reached.resolve, until: goOn.promise, goOn: goOn.resolve }
  return reached.promise
}

function letGo(): void {
  holdAt?.goOn()
  holdAt = undefined
}

async function succeeds(request: Parameters<LifecycleScene['admin']['change']>[0]): Promise<void> {
  expect(await scene.admin.change(request)).toMatchObject({ state: 'succeeded' })
}
const revoke = async (version: string, by: 'registry' | 'publisher' = 'publisher') => scene.platform.parts.registry.revoke(by, { id, version, reason: 'Sends passwords to a third party' })
const refresh = () => scene.platform.host.modules.refreshRegistry()
const incidents = async () => (await scene.admin.get<Page<unknown>>(`/api/${id}/incident?count=true`)).total
const plan = (request: object) => scene.admin.post<Plan>('/api/modules/plans', { id, ...request })
const isOtherServing = async () => (await scene.admin.get<Page<unknown>>(`/api/${other}/incident`)).data

describe.each(['publisher', 'registry'] as const)('a release revoked by the %s', (by) => {
  test('is taken out at the next refresh, says who, why and what next, keeps its data, and touches no other module', async () => {
    await revoke(release, by)
    expect(await incidents()).toBe(3)
    await refresh()
    const installed = await scene.installed(id)
    expect(installed).toMatchObject({ state: 'blocked', rollbackTo: expect.any(String) })
    expect(installed?.reason).toMatch(new RegExp(`${release.replaceAll('.', '\\.')} was revoked by ${by === 'registry' ? 'the registry' : 'its publisher opsflux'} on \\d{4}-\\d\\d-\\d\\d: Sends passwords to a third party\\. Its data is kept\\. Roll back to 1\\.`))
    await expect(scene.admin.post(`/api/${id}/incident`, incident(9))).rejects.toMatchObject({ code: 'plugin-stopped', message: expect.stringContaining('Sends passwords to a third party') })
    const session = await scene.admin.get<Session>('/api/session')
    expect(session.plugins.map((plugin) => plugin.id)).toEqual([other])
    expect(session.withheld?.map((module) => module.id)).toEqual([id])
    expect(await isOtherServing()).toEqual([])
    await succeeds({ action: 'rollback', id, version: '1.0.0' })
    expect(await scene.installed(id)).toMatchObject({ version: '1.0.0', state: 'active' })
    expect(await scene.installed(id)).not.toHaveProperty('reason')
    expect(await incidents()).toBe(3)
  }, 60_000)

  test('is not loaded at a start, also when the registry is out of reach', async () => {
    await revoke(release, by)
    await refresh()
    scene.cutRegistry(true)
    await scene.restart()
    expect(await scene.installed(id)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('Sends passwords') })
    expect(await codeOf(incidents())).toBe('plugin-stopped')
    expect(await isOtherServing()).toEqual([])
    await succeeds({ action: 'rollback', id })
    expect(await incidents()).toBe(3)
    scene.cutRegistry(false)
  }, 60_000)

  test('is not installed, updated to, gone back to, enabled or repaired', async () => {
    await revoke(release, by)
    await refresh()
    for (const action of ['enable', 'repair'] as const) {
      if (action === 'enable') await expect(plan({ action })).rejects.toMatchObject({ code: 'release-revoked', message: expect.stringContaining('Sends passwords') })
      else expect(await codeOf(plan({ action }))).toBe('plan-impossible')
    }
    const newer = await nextRelease()
    await succeeds({ action: 'update', id, version: newer })
    expect(await scene.installed(id)).toMatchObject({ version: newer, state: 'active' })
    expect(await codeOf(plan({ action: 'rollback', version: release }))).toBe('release-revoked')
    await succeeds({ action: 'rollback', id, version: '1.0.0' })
    expect(await codeOf(plan({ action: 'update', version: release }))).toBe('release-revoked')
    expect(await plan({ action: 'update' })).toMatchObject({ to: newer })
    await succeeds({ action: 'uninstall', id, data: 'keep' })
    expect(await codeOf(plan({ action: 'install', version: release }))).toBe('release-revoked')
    await succeeds({ action: 'install', id, version: newer })
    expect(await incidents()).toBe(3)
  }, 60_000)
})

async function nextRelease(): Promise<string> {
  const version = `1.2.${++patch}`
  await scene.platform.parts.registry.publish({ folder: hseReports, overlay: await overlayOf(scene.platform.parts.home, hseReports, version) })
  return version
}

test('an update that was planned before its release was revoked is refused when it is carried out', async () => {
  const newer = await nextRelease()
  const planned = await plan({ action: 'update', version: newer })
  await revoke(newer)
  await refresh()
  const { id: operationId } = await scene.admin.post<{ id: string }>('/api/modules/operations', { planHash: planned.hash })
  expect(await scene.admin.ended(operationId)).toMatchObject({ state: 'failed', problem: { code: 'release-revoked' } })
  expect(await scene.installed(id)).toMatchObject({ version: release, state: 'active' })
}, 60_000)

test('a release revoked while an operation leads to it is blocked when that has ended', async () => {
  const newer = await nextRelease()
  const reached = hold('prepare after')
  const updating = scene.admin.change({ action: 'update', id, version: newer })
  await reached
  await revoke(newer)
  const refreshed = refresh()
  expect(await incidents()).toBe(3)
  letGo()
  expect(await updating).toMatchObject({ state: 'succeeded' })
  await refreshed
  await expect.poll(() => scene.installed(id)).toMatchObject({ version: newer, state: 'blocked' })
  await succeeds({ action: 'rollback', id, version: release })
}, 60_000)

test('a call that is inside when its release is revoked does not keep it running', async () => {
  const calls = Array.from({ length: 20 }, (_, n) => codeOf(scene.admin.post(`/api/${id}/incident`, incident(100 + n))))
  await revoke(release)
  await refresh()
  for (const code of await Promise.all(calls)) expect([undefined, 'plugin-stopped']).toContain(code)
  expect(await scene.installed(id)).toMatchObject({ state: 'blocked' })
  const { rows: [{ count } = { count: 0 }] } = await scene.platform.parts.database.database.admin.query<{ count: number }>('select count(*)::int from p_hse_reports.incident')
  expect(count).toBeGreaterThanOrEqual(3)
  await succeeds({ action: 'rollback', id, version: '1.0.0' })
  await scene.platform.parts.database.database.admin.query("delete from p_hse_reports.incident where description like 'Slipped on deck 1__'")
}, 60_000)

test('a release that newer metadata no longer revokes waits for an administrator to enable it', async () => {
  await revoke(release, 'registry')
  await refresh()
  expect(await scene.installed(id)).toMatchObject({ state: 'blocked' })
  await lift()
  await refresh()
  expect(await scene.installed(id)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('is no longer') })
  await scene.restart()
  expect(await scene.installed(id)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('enable it again') })
  await succeeds({ action: 'enable', id })
  expect(await scene.installed(id)).toMatchObject({ version: release, state: 'active' })
}, 60_000)

test('a publisher whose metadata is spoilt lifts no revocation by that', async () => {
  await revoke(release)
  await refresh()
  await scene.restart()
  scene.registry.tamper = (path, genuine) => (path.includes('publisher-opsflux') ? { ...genuine, bytes: Buffer.from(genuine.bytes.toString().replace(/"version": ?\d+/, '"version":1')) } : genuine)
  await refresh().catch(() => undefined)
  expect(await codeOf(plan({ action: 'enable' }))).toBe('release-revoked')
  expect(await scene.installed(id)).toMatchObject({ state: 'blocked' })
  scene.cutRegistry(false)
  await succeeds({ action: 'rollback', id, version: '1.0.0' })
}, 60_000)

test('a blocked module can be uninstalled, with its data kept or erased', async () => {
  await revoke(release)
  await refresh()
  await succeeds({ action: 'uninstall', id, data: 'keep' })
  const { data } = await scene.admin.get<{ data: ModuleSummary[] }>('/api/modules')
  expect(data.find((module) => module.id === id)?.keptData).toBeDefined()
  expect(await codeOf(incidents())).toBe('not-found')
  await succeeds({ action: 'install', id, version: '1.0.0' })
}, 60_000)

test('a module is blocked at once while another is being changed, and a module that needs it says so', async () => {
  const reached = hold('prepare after')
  const changing = scene.admin.change({ action: 'rollback', id, version: '1.0.0' })
  await reached
  await scene.platform.parts.registry.revoke('publisher', { id: other, version: '1.0.0', reason: 'Sends passwords to a third party' })
  await refresh()
  expect(await scene.installed(other)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('Wait for a release that replaces it, or uninstall it.') })
  expect(await incidents()).toBe(3)
  letGo()
  expect(await changing).toMatchObject({ state: 'succeeded' })
  const overlay = await overlayOf(scene.platform.parts.home, hseReports, '1.3.0', { 'plugin.ts': (text) => text.replace(/definePlugin\(\{/, `definePlugin({\n  dependencies: { '${other}': '^1.0.0' },`) })
  await scene.platform.parts.registry.publish({ folder: hseReports, overlay })
  await expect(plan({ action: 'update', version: '1.3.0' })).rejects.toMatchObject({ code: 'plan-impossible', message: expect.stringMatching(/which is blocked: .*Sends passwords/) })
}, 60_000)

/** Signs the registry's list of publishers again, without anything revoked. */
async function lift(): Promise<void> {
  const repository = new Repository(scene.platform.parts.registry.home)
  await repository.change(async (state) => {
    const { 'x-opsflux-revoked': _, ...signed } = state.targets.signed.toJSON()
    const version = state.targets.signed.version + 1
    const targets = parseTargets(Buffer.from(JSON.stringify({ signatures: [], signed: { ...signed, version } })))
    await repository.commit(state, [{ role: 'targets', version, bytes: await repository.sign('targets', targets) }])
  })
}
