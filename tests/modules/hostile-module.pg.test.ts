import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ChangeRequest, ModuleSummary, Page } from '@opsflux/sdk'
import { codeOf, type ApiClient } from '../setup/api-client.ts'
import { TestPlatform } from '../setup/platform.ts'

const id = 'hse-hostile'
const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })

let platform: TestPlatform
let admin: ApiClient
let fileId: string

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  await succeeds({ action: 'install', id: 'hse-reports', version: '1.2.0' })
  const bytes = await readFile(await platform.parts.registry.build({ folder: 'tests/fixtures/hse-hostile' }))
  fileId = (await admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)).fileId
}, 120_000)
afterAll(() => platform?.stop())

beforeEach(async () => {
  if (await summary()) await succeeds({ action: 'uninstall', id, data: 'purge' })
  await succeeds({ action: 'install', id, fileId })
})

async function succeeds(request: ChangeRequest): Promise<void> {
  expect(await admin.change(request)).toMatchObject({ state: 'succeeded' })
}
const summary = async () => (await admin.get<{ data: ModuleSummary[] }>('/api/modules')).data.find((module) => module.id === id)?.installed
const call = (route: string) => codeOf(admin.get(`/api/${id}/${route}`))

/** Calls a hostile route, and its neighbour through its own sandbox and hook as often as that takes. */
async function amongOthers(route: string): Promise<{ code: string | undefined; neighbourCalls: number }> {
  let isOver = false
  const hostile = call(route).finally(() => { isOver = true })
  let neighbourCalls = 0
  do {
    await admin.post('/api/hse-reports/incident', incident(neighbourCalls))
    await admin.get('/api/hse-reports/rates?from=2026-01-01&to=2026-12-31')
    expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
    neighbourCalls++
  } while (!isOver)
  return { code: await hostile, neighbourCalls }
}

describe('a module that', () => {
  test.each([
    ['loops for ever is cut at its limit', 'loop', ['plugin-timeout']],
    ['fills the memory costs at most its own process', 'bomb', ['plugin-failed', 'plugin-timeout']],
    ['brings its process down takes nobody with it', 'crash', ['plugin-failed', 'plugin-timeout']],
  ])('%s; others are served meanwhile, and it answers again', async (_, route, codes) => {
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
    const { code, neighbourCalls } = await amongOthers(route)
    expect(codes).toContain(code)
    expect(neighbourCalls).toBeGreaterThan(0)
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
    expect(await summary()).toMatchObject({ state: 'active' })
  }, 60_000)

  test('never answers is given up, and its connection to the database comes back', async () => {
    const calls = await Promise.all(Array.from({ length: 10 }, () => call('never')))
    for (const code of calls) expect(['plugin-timeout', 'plugin-failed']).toContain(code)
    expect(await admin.get<Page<unknown>>(`/api/${id}/note`)).toMatchObject({ data: [] })
  }, 60_000)

  test('keeps every caller waiting does not keep those of others waiting', async () => {
    await call('ok')
    let isOver = false
    const waiting = Promise.all(Array.from({ length: 60 }, () => call('never'))).finally(() => { isOver = true })
    let slowestMs = 0
    for (let n = 0; n < 10; n++) {
      const start = performance.now()
      await admin.post('/api/hse-reports/incident', incident(n))
      slowestMs = Math.max(slowestMs, performance.now() - start)
    }
    expect(isOver).toBe(false)
    console.info(`slowest write of another module meanwhile: ${Math.round(slowestMs)} ms`)
    await waiting
  }, 60_000)

  test('throws tells its words and nothing of ours', async () => {
    const response = await fetch(`${platform.host.url}/api/${id}/throws`, { headers: { cookie: admin.cookie } })
    expect(response.status).toBe(502)
    expect(Object.keys(await response.json() as object).toSorted()).toEqual(['code', 'detail', 'plugin', 'site', 'status', 'title', 'type'])
  })

  test('answers a page is not shown as one', async () => {
    const response = await fetch(`${platform.host.url}/api/${id}/page`, { headers: { cookie: admin.cookie } })
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.json()).toContain('<script>')
  })

  test('loops in a hook of a write costs that write: nothing of it is stored', async () => {
    expect(await codeOf(admin.post(`/api/${id}/note`, { text: 'loop' }))).toBe('plugin-timeout')
    await admin.post(`/api/${id}/note`, { text: 'fine' })
    expect((await admin.get<Page<{ text: string }>>(`/api/${id}/note`)).data.map((note) => note.text)).toEqual(['fine'])
  })

  test('uses what it was not granted is refused, and served once it is granted', async () => {
    expect(await call('names')).toBe('capability-denied')
    await succeeds({ action: 'uninstall', id, data: 'purge' })
    await succeeds({ action: 'install', id, fileId, grant: [{ name: 'users.read' }] })
    expect(await admin.get(`/api/${id}/names`)).toBe('Administrator')
  })

  test('dies three times is stopped, says why, and is started again by an administrator', async () => {
    for (let death = 0; death < 3; death++) expect(await call('loop')).toBe('plugin-timeout')
    expect(await call('ok')).toBe('plugin-stopped')
    await expect.poll(summary).toMatchObject({ state: 'stopped', reason: expect.stringContaining('3 deaths') })
    // Its records need no code of it.
    expect((await admin.get<Page<unknown>>(`/api/${id}/note`)).data).toEqual([])
    await succeeds({ action: 'enable', id })
    expect(await summary()).toEqual(expect.objectContaining({ state: 'active' }))
    expect(await summary()).not.toHaveProperty('reason')
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
    expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
  }, 60_000)

  test('is stopped can still be uninstalled', async () => {
    for (let death = 0; death < 3; death++) await call('loop')
    await expect.poll(summary).toMatchObject({ state: 'stopped' })
    await succeeds({ action: 'uninstall', id, data: 'keep' })
    expect(await call('ok')).toBe('not-found')
    await succeeds({ action: 'install', id, fileId })
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
  }, 60_000)
})
