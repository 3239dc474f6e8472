import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ModuleSummary, Operation, Page, Plan, Session } from '@opsflux/sdk'
import { codeOf } from '../setup/api-client.ts'
import { readLeftovers, readState } from './platform-state.ts'
import { LifecycleScene } from './scene.ts'

const id = 'hse-reports'
const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: `Platform ${n}`, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })
let scene: LifecycleScene
let folder: string
let fileModule: { id: string; fileId: string }

beforeAll(async () => {
  scene = await LifecycleScene.start()
  expect(await scene.admin.change({ action: 'install', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  for (let n = 0; n < 4; n++) await scene.admin.post(`/api/${id}/incident`, incident(n))
  folder = await scene.folderOf(id)
  const { fileId } = await uploadBench()
  fileModule = { id: 'hse-bench', fileId }
  expect(await scene.admin.change({ action: 'install', ...fileModule })).toMatchObject({ state: 'succeeded' })
}, 120_000)
afterAll(() => scene?.stop())
beforeEach(() => scene.cutRegistry(false))

const uploadBench = async (): Promise<{ fileId: string }> => scene.admin.send('POST', '/api/modules/files', await readFile(await scene.platform.parts.registry.build({ folder: 'tests/fixtures/hse-bench' })))
const state = () => readState(scene.platform.parts.config.databaseUrl, scene.platform.parts.config.home, scene.admin)
const incidents = async () => (await scene.admin.get<Page<unknown>>(`/api/${id}/incident?count=true`)).total
const packageOf = (digest: string) => join(scene.platform.parts.config.home, 'packages', `${digest}.tgz`)
const planRepair = (module = id) => scene.admin.post<Plan>('/api/modules/plans', { action: 'repair', id: module })
const damage = () => writeFile(join(folder, 'server/index.js'), 'export default {}')

describe('a repair', () => {
  test('is a plan that says what is wrong and what it takes, and brings the module back with its data', async () => {
    const before = await state()
    await scene.restart(damage)
    expect(await scene.installed(id)).toMatchObject({ state: 'failed' })
    const plan = await planRepair()
    expect(plan).toMatchObject({
      action: 'repair', from: '1.2.0', to: '1.2.0', source: 'installed', altered: { reason: 'file-altered', entry: 'server/index.js' },
      wayBack: { kind: 'lossless', reason: 'nothing-changed' }, migrations: [], tables: [],
    })
    const { id: operationId } = await scene.admin.post<Operation>('/api/modules/operations', { planHash: plan.hash })
    const operation = await scene.admin.ended(operationId)
    expect(operation).toMatchObject({ state: 'succeeded' })
    expect(operation.steps.map(({ step, state: done }) => `${step} ${done}`)).toEqual(['verify', 'prepare', 'pause', 'switch', 'check', 'resume', 'clean'].map((step) => `${step} done`))
    expect(await scene.installed(id)).toEqual({ version: '1.2.0', state: 'active', since: expect.any(String) })
    expect(await incidents()).toBe(4)
    expect(await state()).toEqual(before)
    expect(await codeOf(scene.admin.post('/api/modules/operations', { planHash: plan.hash }))).toBe('stale-plan')
    expect(await readLeftovers(scene.platform.parts.config.databaseUrl)).toEqual({ staged: [], running: [], orphans: [] })
  }, 60_000)

  test('puts everything back when the folder of all modules is gone, without the registry', async () => {
    await scene.restart(() => rm(join(scene.platform.parts.config.home, 'modules'), { recursive: true }))
    scene.cutRegistry(true)
    for (const module of [id, fileModule.id]) {
      expect(await scene.installed(module)).toMatchObject({ state: 'failed', altered: {}, reason: expect.stringContaining('not on this host') })
      expect(await scene.admin.change({ action: 'repair', id: module })).toMatchObject({ state: 'succeeded', plan: { source: 'installed' } })
      expect(await scene.installed(module)).toMatchObject({ state: 'active' })
    }
    expect(await incidents()).toBe(4)
  }, 60_000)

  test.each([['a file', (path: string) => writeFile(path, 'x')], ['a link to nowhere', (path: string) => symlink('/nonexistent/place', path)], ['a link to another place', (path: string) => symlink(tmpdir(), path)]])('puts back what was replaced by %s, and the host starts', async (_, put) => {
    const place = join(scene.platform.parts.config.home, 'modules', id)
    const bystanders = await readdir(tmpdir())
    await scene.restart(async () => { await rm(place, { recursive: true }); await put(place) })
    expect(await scene.installed(id)).toMatchObject({ state: 'failed' })
    expect(await scene.installed(fileModule.id)).toMatchObject({ state: 'active' })
    expect(await scene.admin.change({ action: 'repair', id })).toMatchObject({ state: 'succeeded' })
    expect(await incidents()).toBe(4)
    expect(await readdir(tmpdir())).toEqual(expect.arrayContaining(bystanders.filter((name) => name.startsWith('opsflux-tests-'))))
  }, 60_000)

  test.each([['is gone', (path: string) => rm(path)], ['was changed too', (path: string) => writeFile(path, 'nothing')]])('takes the package from the registry when the one kept here %s', async (_, spoil) => {
    const { digest = '' } = (await scene.admin.get<{ versions: { version: string; digest: string }[] }>(`/api/modules/${id}`)).versions.find(({ version }) => version === '1.2.0') ?? {}
    await scene.restart(async () => { await damage(); await spoil(packageOf(digest)) })
    scene.cutRegistry(true)
    expect(await codeOf(planRepair())).toBe('registry-unreachable')
    scene.cutRegistry(false)
    expect(await scene.admin.change({ action: 'repair', id })).toMatchObject({ state: 'succeeded', plan: { source: 'registry', digest } })
    expect(await incidents()).toBe(4)
  }, 60_000)

  test('of a module from a file whose package is gone asks for the file, and works once it is uploaded', async () => {
    await scene.restart(() => rm(packageOf(fileModule.fileId)))
    const at = await scene.folderOf(fileModule.id)
    await scene.restart(() => rm(join(at, 'manifest.sig')))
    await expect(planRepair(fileModule.id)).rejects.toMatchObject({ code: 'plan-impossible', message: expect.stringContaining('Upload it again') })
    await uploadBench()
    expect(await scene.admin.change({ action: 'repair', id: fileModule.id })).toMatchObject({ state: 'succeeded' })
    expect(await scene.installed(fileModule.id)).toMatchObject({ state: 'active' })
  }, 60_000)

  test('is not offered where nothing is wrong', async () => {
    await expect(planRepair()).rejects.toMatchObject({ code: 'plan-impossible', message: expect.stringContaining('nothing to repair') })
  })

  test('of a module that serves, whose client file was changed meanwhile, keeps every caller served', async () => {
    const { plugins } = await scene.admin.get<Session>('/api/session')
    const entry = plugins.find((plugin) => plugin.id === id)?.entry ?? ''
    await rm(join(folder, entry.split('/').slice(5).join('/')))
    await scene.restart(async () => undefined)
    expect(await scene.installed(id)).toMatchObject({ state: 'failed' })
    expect(await scene.admin.change({ action: 'repair', id })).toMatchObject({ state: 'succeeded' })
    await rm(join(folder, entry.split('/').slice(5).join('/')))
    expect(await scene.installed(id)).toMatchObject({ state: 'active' })
    let isOver = false
    const repairing = scene.admin.change({ action: 'repair', id }).finally(() => { isOver = true })
    while (!isOver) expect(await incidents()).toBe(4)
    expect(await repairing).toMatchObject({ state: 'succeeded' })
    expect((await fetch(scene.platform.host.url + entry)).status).toBe(200)
    expect(await scene.installed(id)).not.toHaveProperty('altered')
  }, 60_000)

  test('leaves nothing of what it replaced beside the release', async () => {
    expect((await readdir(join(scene.platform.parts.config.home, 'modules', id))).filter((name) => !/^\d+\.\d+\.\d+-[0-9a-f]{12}$/.test(name))).toEqual([])
  })
})

test('a failed module that cannot be put right stays failed when it is enabled, and the operation says why', async () => {
  const { data } = await scene.admin.get<{ data: ModuleSummary[] }>('/api/modules')
  expect(data.find((module) => module.id === fileModule.id)?.installed).toMatchObject({ state: 'active' })
  const at = await scene.folderOf(fileModule.id)
  await scene.restart(async () => { await rm(packageOf(fileModule.fileId)); await writeFile(join(at, 'extra.txt'), '') })
  expect(await scene.admin.change({ action: 'enable', id: fileModule.id })).toMatchObject({ state: 'failed', problem: { code: 'package-refused' } })
  expect(await scene.installed(fileModule.id)).toMatchObject({ state: 'failed', altered: { entry: 'extra.txt' } })
  await scene.restart(() => rm(join(at, 'extra.txt')))
  expect(await scene.installed(fileModule.id)).toMatchObject({ state: 'active' })
}, 60_000)
