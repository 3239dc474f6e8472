import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModuleDetail, ModuleSummary, Page, Plan, Session } from '@opsflux/sdk'
import { readFile } from 'node:fs/promises'
import { codeOf, type ApiClient } from '../setup/api-client.ts'
import { TestPlatform } from '../setup/platform.ts'
import { hseReports, hseReportsBroken } from '../setup/registry.ts'

const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: `Platform ${n % 6}`, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })
type Incident = { id: string; site: string; riskLevel?: string; number?: string; revision: number }

let platform: TestPlatform
let admin: ApiClient

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
}, 120_000)
afterAll(() => platform?.stop())

const incidents = () => admin.get<Page<Incident>>('/api/hse-reports/incident?limit=200&count=true')

describe('the life of a module, in order', () => {
  test('is found in the catalogue, not yet installed (CORE-16.1)', async () => {
    const { data, registry } = await admin.get<{ data: ModuleSummary[]; registry: { reachable: boolean } }>('/api/modules')
    expect(registry.reachable).toBe(true)
    expect(data.find((module) => module.id === 'hse-reports')).toMatchObject({ latest: '1.2.0', publisher: 'opsflux' })
    expect(await codeOf(incidents())).toBe('not-found')
  })

  test('installs 1.0.0 by plan: menus, permissions, tables and API are there at once (CORE-16.2, CORE-16.8)', async () => {
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'install', id: 'hse-reports', version: '1.0.0' })
    expect(plan).toMatchObject({ action: 'install', to: '1.0.0', wayBack: { kind: 'lossless' }, publisher: 'opsflux' })
    expect(plan.tables.map((table) => table.change)).toEqual(expect.arrayContaining(['created']))
    expect((await admin.change({ action: 'install', id: 'hse-reports', version: '1.0.0' })).state).toBe('succeeded')
    const session = await admin.get<Session>('/api/session')
    expect(session.menus.map((menu) => menu.to)).toContain('/x/hse-reports/incidents')
    for (let n = 0; n < 12; n++) await admin.post('/api/hse-reports/incident', incident(n))
    expect((await incidents()).total).toBe(12)
  })

  test('runs its hook in the sandbox: a future date is refused in words', async () => {
    const future = { ...incident(99), occurredAt: new Date(Date.now() + 86_400_000).toISOString() }
    await expect(admin.post('/api/hse-reports/incident', future)).rejects.toMatchObject({ code: 'refused-by-module' })
    expect((await incidents()).total).toBe(12)
  })

  test('refuses a plan of another moment', async () => {
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'disable', id: 'hse-reports' })
    await admin.change({ action: 'disable', id: 'hse-reports' })
    expect(await codeOf(admin.post('/api/modules/operations', { planHash: plan.hash }))).toBe('stale-plan')
    expect(await codeOf(incidents())).toBe('module-disabled')
    await admin.change({ action: 'enable', id: 'hse-reports' })
    expect((await incidents()).total).toBe(12)
  })

  test('updates to 1.2.0: the plan says what changes, rows are kept and back-filled (CORE-16.3)', async () => {
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'update', id: 'hse-reports' })
    expect(plan).toMatchObject({ from: '1.0.0', to: '1.2.0', reason: 'newest', wayBack: { kind: 'lossless' } })
    expect(plan.capabilities).toEqual({ added: [], removed: [] })
    expect(plan.afterSteps).toBeGreaterThan(0)
    // One migration rates them, the next one numbers them.
    expect(plan.tables).toEqual(expect.arrayContaining([expect.objectContaining({ table: 'incident', change: 'altered', rowsTouched: 24 })]))
    expect(plan.changelog.map((entry) => entry.version)).toEqual(['1.2.0', '1.1.0'])
    expect(await admin.change({ action: 'update', id: 'hse-reports' })).toMatchObject({ state: 'succeeded' })
    const page = await incidents()
    expect(page.total).toBe(12)
    expect(page.data.every((row) => typeof row.riskLevel === 'string')).toBe(true)
    expect(page.data.map((row) => row.number).toSorted()).toEqual(Array.from({ length: 12 }, (_one, index) => `INC-2026-${String(index + 1).padStart(4, '0')}`))
  })

  test('refuses 1.3.0 whose migration fails on the real rows; 1.2.0 serves on', async () => {
    const bytes = await readFile(await platform.parts.registry.build({ folder: hseReports, overlay: hseReportsBroken }))
    const { fileId } = await admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)
    await expect(admin.post('/api/modules/plans', { action: 'update', id: 'hse-reports', fileId })).rejects.toMatchObject({ code: 'migration-failed' })
    expect((await incidents()).total).toBe(12)
  })

  test('rolls back to 1.0.0 keeping what was entered meanwhile (CORE-16.6)', async () => {
    const [first] = (await incidents()).data
    await admin.post('/api/hse-reports/incident', incident(12))
    const [user] = (await admin.get<{ data: { id: string }[] }>('/api/users')).data
    await admin.post('/api/hse-reports/correctiveAction', { incident: first?.id, title: 'Fit a handrail', owner: user?.id, due: '2099-01-31' })
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'rollback', id: 'hse-reports', version: '1.0.0' })
    expect(plan).toMatchObject({ to: '1.0.0', dataFrom: 'down-migrations', wayBack: { kind: 'lossless' } })
    expect(await admin.change({ action: 'rollback', id: 'hse-reports', version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
    const page = await incidents()
    expect(page.total).toBe(13)
    expect(page.data[0]).not.toHaveProperty('riskLevel')
    expect(await codeOf(admin.get('/api/hse-reports/correctiveAction'))).toBe('not-found')
  })

  test('finds the corrective action again after the next update', async () => {
    await admin.change({ action: 'update', id: 'hse-reports' })
    expect((await admin.get<Page<{ title: string }>>('/api/hse-reports/correctiveAction')).data.map((action) => action.title)).toEqual(['Fit a handrail'])
  })

  test('survives a restart of the host', async () => {
    await platform.restart()
    admin = await platform.signIn()
    expect((await incidents()).total).toBe(13)
  })

  test('uninstalls keeping the data, and finds it again (CORE-16.4)', async () => {
    expect(await admin.change({ action: 'uninstall', id: 'hse-reports', data: 'keep' })).toMatchObject({ state: 'succeeded' })
    expect(await codeOf(incidents())).toBe('not-found')
    const detail = await admin.get<ModuleDetail>('/api/modules/hse-reports')
    expect(detail.keptData).toMatchObject({ version: '1.2.0' })
    expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
    expect((await incidents()).total).toBe(13)
  })

  test('purges: no table, no row, no folder is left', async () => {
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'uninstall', id: 'hse-reports', data: 'purge' })
    expect(plan.purges?.['incident']).toBe(13)
    expect(plan.wayBack.kind).toBe('one-way')
    expect(await admin.change({ action: 'uninstall', id: 'hse-reports', data: 'purge' })).toMatchObject({ state: 'succeeded' })
    const { rows } = await platform.parts.database.database.admin.query("select from pg_namespace where nspname = 'p_hse_reports'")
    expect(rows).toHaveLength(0)
    expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
    expect((await incidents()).total).toBe(0)
  })
})
