import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Page, Plan, PlatformStatus } from '@opsflux/sdk'
import { codeOf } from '../setup/api-client.ts'
import { LifecycleScene } from './scene.ts'

const id = 'hse-reports'
let scene: LifecycleScene
/** Days after which the metadata of the registry has run out. */
let lifetimeDays: number

beforeAll(async () => {
  scene = await LifecycleScene.start()
  expect(await scene.admin.change({ action: 'install', id, version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
  expect(await scene.admin.change({ action: 'update', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  const { rows: [row] } = await scene.platform.parts.database.database.admin.query<{ expires: Date }>('select expires from opsflux.registry_state')
  lifetimeDays = ((row?.expires.getTime() ?? 0) - Date.now()) / 86_400_000
}, 120_000)
afterAll(() => scene?.stop())
beforeEach(() => {
  scene.cutRegistry(false)
  scene.moveClock(0)
})

const status = async () => (await scene.modules()).registry
const plan = (request: object) => scene.admin.post<Plan>('/api/modules/plans', { id, ...request })
const incidents = () => scene.admin.get<Page<unknown>>(`/api/${id}/incident`)

describe('how far the registry can be relied on', () => {
  test('is told with the modules and with the platform', async () => {
    await scene.platform.host.modules.refreshRegistry()
    expect(await status()).toEqual({ reachable: true, checkedAt: expect.any(String), level: 'ok' })
    expect((await scene.admin.get<PlatformStatus>('/api/platform/status')).registry).toEqual(await status())
  })

  test.each([[0.5, 'ok'], [1.9, 'ok'], [2.1, 'warning'], [6.9, 'warning'], [7.1, 'alarm'], [400, 'alarm']] as const)('%s days after its metadata ran out is "%s"', async (days, level) => {
    scene.cutRegistry(true)
    scene.moveClock(lifetimeDays + days)
    expect(await status()).toMatchObject({ level, expiredSince: expect.any(String) })
  })

  test('is known after a restart without the registry', async () => {
    scene.cutRegistry(true)
    scene.moveClock(lifetimeDays + 8)
    await scene.restart()
    await scene.platform.host.modules.refreshRegistry().catch(() => undefined)
    expect(await status()).toMatchObject({ reachable: false, level: 'alarm', expiredSince: expect.any(String) })
  })
})

describe.each([['the registry out of reach', true], ['a registry that renews nothing', false]])('metadata that has run out, with %s', (_, isCut) => {
  beforeEach(() => {
    scene.cutRegistry(isCut)
    scene.moveClock(lifetimeDays + 3)
  })

  test('stops install and update, from the registry and from a file', async () => {
    expect(await codeOf(plan({ action: 'install', id: 'hse-bench' }))).toBe('metadata-expired')
    const bytes = await readFile(await scene.platform.parts.registry.build({ folder: 'tests/fixtures/hse-bench' }))
    const { fileId } = await scene.admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)
    expect(await codeOf(plan({ action: 'install', id: 'hse-bench', fileId }))).toBe('metadata-expired')
  })

  test('stops no module that runs, nor its way back, off, on and out', async () => {
    expect((await incidents()).data).toEqual([])
    await scene.restart()
    expect((await incidents()).data).toEqual([])
    for (const request of [{ action: 'disable', id }, { action: 'enable', id }, { action: 'rollback', id, version: '1.0.0' }] as const) {
      expect(await scene.admin.change(request)).toMatchObject({ state: 'succeeded' })
    }
    expect((await incidents()).data).toEqual([])
    expect(await codeOf(plan({ action: 'update' }))).toBe('metadata-expired')
    scene.cutRegistry(false)
    scene.moveClock(0)
    expect(await scene.admin.change({ action: 'update', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  }, 60_000)

  test('stops an update that was planned before', async () => {
    scene.cutRegistry(false)
    scene.moveClock(0)
    expect(await scene.admin.change({ action: 'rollback', id, version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
    const { hash } = await plan({ action: 'update', version: '1.2.0' })
    scene.cutRegistry(isCut)
    scene.moveClock(lifetimeDays + 3)
    const { id: operationId } = await scene.admin.post<{ id: string }>('/api/modules/operations', { planHash: hash })
    expect(await scene.admin.ended(operationId)).toMatchObject({ state: 'failed', problem: { code: 'metadata-expired' } })
    scene.cutRegistry(false)
    scene.moveClock(0)
    expect(await scene.admin.change({ action: 'update', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  }, 60_000)
})
