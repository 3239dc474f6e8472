import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChangeRequest, ModuleDetail, Operation, Page, Plan } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { hseReports, hseReportsBroken } from '../setup/registry.ts'
import { addUser } from '../setup/users.ts'
import { readLeftovers, readState } from './platform-state.ts'

const id = 'hse-reports'
const incident = (n: number, site = `Platform ${n}`) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })

let platform: TestPlatform
let admin: ApiClient
/** Passes every look before the commit, and cannot read its table after it. */
let unreadable: string
let broken: string

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  const forgotten = await overlayOf(platform.parts.home, hseReports, '1.2.1', {
    'entities.ts': (text) => text.replace('    occurredAt', '    weather: field.string(),\n    occurredAt'),
    // Otherwise the build sees it.
    'overlay.json': () => '{ "remove": ["migrations/schema.json"] }',
  })
  unreadable = await upload({ folder: hseReports, overlay: forgotten })
  broken = await upload({ folder: hseReports, overlay: hseReportsBroken })
}, 120_000)
afterAll(() => platform?.stop())

beforeEach(async () => {
  const { data } = await admin.get<{ data: { id: string; installed?: object; keptData?: object }[] }>('/api/modules')
  const module = data.find((candidate) => candidate.id === id)
  if (module?.keptData) await succeeds({ action: 'install', id })
  if (module?.installed ?? module?.keptData) await succeeds({ action: 'uninstall', id, data: 'purge' })
})

async function upload(request: { folder: string; overlay: string }): Promise<string> {
  const bytes = await readFile(await platform.parts.registry.build(request))
  return (await admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)).fileId
}

async function succeeds(request: ChangeRequest): Promise<void> {
  expect(await admin.change(request)).toMatchObject({ state: 'succeeded' })
}

const state = () => readState(platform.parts.config.databaseUrl, platform.parts.config.home, admin)
const incidents = () => admin.get<Page<{ site: string }>>(`/api/${id}/incident?limit=200&count=true`)

async function leavesNothing(): Promise<void> {
  expect(await readLeftovers(platform.parts.config.databaseUrl)).toEqual({ staged: [], running: [], orphans: [] })
}

describe('a release that fails its check after the commit is taken back by itself, code and data', () => {
  test('on an update: the old release serves on and the reason is shown (CORE-16.6)', async () => {
    await succeeds({ action: 'install', id, version: '1.2.0' })
    for (let n = 0; n < 3; n++) await admin.post(`/api/${id}/incident`, incident(n))
    const before = await state()
    const operation = await admin.change({ action: 'update', id, fileId: unreadable })
    expect(operation).toMatchObject({ state: 'returned', problem: { code: 'plugin-failed', detail: expect.stringContaining('"incident"') } })
    expect(operation.steps.find(({ step }) => step === 'check')?.state).toBe('failed')
    expect(await state()).toEqual(before)
    await leavesNothing()
    await admin.post(`/api/${id}/incident`, incident(3))
    expect((await incidents()).total).toBe(4)
    const { operations } = await admin.get<ModuleDetail>(`/api/modules/${id}`)
    expect(operations[0]?.state).toBe('returned')
  })

  test('on an install: nothing of it stays', async () => {
    const before = await state()
    expect(await admin.change({ action: 'install', id, fileId: unreadable })).toMatchObject({ state: 'returned' })
    expect(await state()).toEqual(before)
    await leavesNothing()
    expect(await codeOf(incidents())).toBe('not-found')
  })

  test('on an install over kept data: the data is still kept, and found by the next install', async () => {
    await succeeds({ action: 'install', id, version: '1.2.0' })
    for (let n = 0; n < 3; n++) await admin.post(`/api/${id}/incident`, incident(n))
    await succeeds({ action: 'uninstall', id, data: 'keep' })
    const before = await state()
    expect(await admin.change({ action: 'install', id, fileId: unreadable })).toMatchObject({ state: 'returned' })
    expect(await state()).toEqual(before)
    await leavesNothing()
    await succeeds({ action: 'install', id, version: '1.2.0' })
    expect((await incidents()).total).toBe(3)
  })
})

test('a migration that the plan saw pass and that fails on rows entered since changes nothing', async () => {
  await succeeds({ action: 'install', id, version: '1.2.0' })
  await admin.post(`/api/${id}/incident`, incident(1))
  const plan = await admin.post<Plan>('/api/modules/plans', { action: 'update', id, fileId: broken })
  await admin.post(`/api/${id}/incident`, incident(1))
  const before = await state()
  const { id: operationId } = await admin.post<Operation>('/api/modules/operations', { planHash: plan.hash })
  const operation = await admin.ended(operationId)
  expect(operation).toMatchObject({ state: 'failed', problem: { code: 'migration-failed', migration: '0005-enter-once' } })
  expect(await state()).toEqual(before)
  await leavesNothing()
})

test('a release whose code lacks a handler it declares is refused before anything is touched', async () => {
  await succeeds({ action: 'install', id, version: '1.2.0' })
  const before = await state()
  const bare = await upload({ folder: hseReports, overlay: await overlayOf(platform.parts.home, hseReports, '1.2.2', { 'server/index.ts': () => 'export default { hooks: {}, routes: {} } as never\n' }) })
  const operation = await admin.change({ action: 'update', id, fileId: bare })
  expect(operation).toMatchObject({ state: 'failed', problem: { code: 'plugin-failed', detail: expect.stringContaining('route rates') } })
  expect(await state()).toEqual(before)
  await leavesNothing()
})

describe('applying a plan', () => {
  test('twice at once runs it once', async () => {
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'install', id, version: '1.0.0' })
    const apply = () => admin.post<Operation>('/api/modules/operations', { planHash: plan.hash })
    const answers = await Promise.allSettled(Array.from({ length: 5 }, apply))
    const started = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(started).toHaveLength(1)
    for (const answer of answers) if (answer.status === 'rejected') expect(['operation-in-progress', 'stale-plan']).toContain(await codeOf(Promise.reject(answer.reason)))
    expect(await admin.ended(started[0]?.id ?? '')).toMatchObject({ state: 'succeeded' })
    expect(await codeOf(apply())).toBe('stale-plan')
    await leavesNothing()
  })

  test('and everything else of the module manager needs the permission for it (CORE-02.9)', async () => {
    await addUser(platform.parts.database.database.admin, { email: 'user@example.org', role: 'user' })
    const user = await ApiClient.signIn(platform.host.url, 'user@example.org', password)
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'install', id, version: '1.0.0' })
    const before = await state()
    const attempts: [method: string, path: string, body?: unknown][] = [
      ['POST', '/operations', { planHash: plan.hash }], ['POST', '/plans', { action: 'install', id }], ['POST', '/files', new Uint8Array([1, 2, 3])],
      ['GET', ''], ['GET', `/${id}`], ['GET', '/operations/00000000-0000-0000-0000-000000000000'],
    ]
    for (const [method, path, body] of attempts) expect(await codeOf(user.send(method, `/api/modules${path}`, body))).toBe('forbidden')
    expect(await codeOf(new ApiClient(platform.host.url).get('/api/modules'))).toBe('not-signed-in')
    expect(await state()).toEqual(before)
    expect(await readdir(join(platform.parts.config.home, 'packages'))).not.toContainEqual(expect.stringMatching(/^\./))
  })
})
