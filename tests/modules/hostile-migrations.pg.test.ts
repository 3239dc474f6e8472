import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChangeRequest, Page, Plan } from '@opsflux/sdk'
import { codeOf, type ApiClient } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { TestPlatform } from '../setup/platform.ts'

const [id, source] = ['hse-bench', 'tests/fixtures/hse-bench']
const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck' }

let platform: TestPlatform
let admin: ApiClient
beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  await succeeds({ action: 'install', id: 'hse-reports', version: '1.2.0' })
  await succeeds({ action: 'install', id, fileId: await upload('1.0.1') })
  for (let n = 0; n < 3; n++) await admin.post(`/api/${id}/incident`, incident)
}, 120_000)
afterAll(() => platform?.stop())

async function upload(version: string, edits: Record<string, () => string> = {}): Promise<string> {
  const overlay = await overlayOf(platform.parts.home, source, version, edits)
  return (await admin.send<{ fileId: string }>('POST', '/api/modules/files', await readFile(await platform.parts.registry.build({ folder: source, overlay })))).fileId
}
async function succeeds(request: ChangeRequest): Promise<void> {
  expect(await admin.change(request)).toMatchObject({ state: 'succeeded' })
}

test('an update whose rows and whose way back are too large to hold costs its own module alone, and can be left', async () => {
  await succeeds({ action: 'update', id, fileId: await upload('1.0.2', {
    'migrations/0002-large.up.sql': () => "update incident set description = repeat('x', 40000000)",
    'migrations/0002-large.down.sql': () => "select repeat('x', 60000000)::integer",
  }) })
  for (let n = 0; n < 3; n++) expect(await codeOf(admin.get(`/api/${id}/incident`))).toBe('internal')
  expect(await codeOf(admin.get('/api/hse-reports/incident'))).toBeUndefined()
  expect(await admin.post<Plan>('/api/modules/plans', { action: 'rollback', id })).toMatchObject({ dataFrom: 'restore-point', to: '1.0.1' })
  await succeeds({ action: 'rollback', id })
  expect((await admin.get<Page<{ description: string }>>(`/api/${id}/incident`)).data.map(({ description }) => description)).toEqual(Array(3).fill(incident.description))
}, 120_000)

test('a way back that works when it is measured and fails when it is run is gone round at the second try', async () => {
  await succeeds({ action: 'update', id, fileId: await upload('1.0.3', {
    'migrations/0002-trap.up.sql': () => 'create sequence tries',
    'migrations/0002-trap.down.sql': () => "select 1 / (nextval('tries') % 2); drop sequence tries",
  }) })
  expect(await admin.change({ action: 'rollback', id })).toMatchObject({ state: 'failed', plan: { dataFrom: 'down-migrations' }, problem: { code: 'migration-failed' } })
  expect(await admin.change({ action: 'rollback', id })).toMatchObject({ state: 'succeeded', plan: { dataFrom: 'restore-point' } })
  expect((await admin.get<Page<unknown>>(`/api/${id}/incident`)).data).toHaveLength(3)
}, 60_000)
