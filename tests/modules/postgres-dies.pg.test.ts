import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type RunningPostgres } from '@opsflux/data'
import { startHost, type Host } from '@opsflux/host'
import type { Operation, OperationStep, Page, Plan } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { password, startParts, stopParts } from '../setup/platform.ts'
import { readLeftovers } from './platform-state.ts'

const id = 'hse-reports'
const settings = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off', shared_buffers: '32MB' }

let parts: Awaited<ReturnType<typeof startParts>>
let folder: string
let postgres: RunningPostgres
let host: Host
let admin: ApiClient
let databaseUrl: string
/** Settles when the server was killed and runs again. */
let restarted: Promise<void> | undefined
let killAt: string | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opsflux-dying-'))
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), settings, initdbArguments: ['--no-sync'] })
  databaseUrl = postgres.url
  parts = await startParts()
  host = await startHost({ ...parts.config, databaseUrl }, { log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }), onStep: observe })
  admin = await ApiClient.signIn(host.url, host.firstAdministrator?.email ?? '', host.firstAdministrator?.password ?? '', password)
  expect(await admin.change({ action: 'install', id, version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
  for (let n = 0; n < 200; n++) {
    await admin.post(`/api/${id}/incident`, { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: `Platform ${n}`, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })
  }
}, 180_000)

afterAll(async () => {
  await host?.stop()
  await restarted
  await postgres?.stop()
  await stopParts(parts)
  await rm(folder, { recursive: true, force: true })
}, 60_000)

/** Ends the server as a power cut would, and starts it again on the same port. */
async function killPostgres(afterMs: number): Promise<void> {
  if (afterMs > 0) await new Promise((resolve) => { setTimeout(resolve, afterMs) })
  process.kill(postgres.pid, 'SIGKILL')
  await startAgain()
}

async function startAgain(): Promise<void> {
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), port: Number(new URL(databaseUrl).port), settings })
}

function observe(_: Operation, step: OperationStep, phase: 'before' | 'after'): void {
  const [wanted, moment, afterMs] = (killAt ?? '').split(' ')
  if (step !== wanted || phase !== moment) return
  killAt = undefined
  restarted = killPostgres(Number(afterMs ?? 0))
}

/** The database is away for a moment: a request may fail then, and is asked again. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => { setTimeout(resolve, 50) })
    }
  }
}

describe.each(['update', 'rollback'] as const)('kill -9 of PostgreSQL during an %s', (action) => {
  const version = action === 'update' ? '1.2.0' : '1.0.0'
  const moments = ['prepare after', 'protect before', 'migrate before', 'migrate before 5', 'migrate before 20', 'migrate before 40', 'migrate before 80', 'migrate after', 'switch after', 'check before', 'clean after']

  test.each(moments)('at %s: the same host ends the operation, before or after, and serves on', async (moment) => {
    killAt = undefined
    const other = action === 'update' ? 'rollback' : 'update'
    const installed = await versionNow()
    if (installed === version) expect(await admin.change({ action: other, id, version: action === 'update' ? '1.0.0' : '1.2.0' })).toMatchObject({ state: 'succeeded' })
    const plan = await admin.post<Plan>('/api/modules/plans', { action, id, version })
    killAt = moment
    const { id: operationId } = await admin.post<Operation>('/api/modules/operations', { planHash: plan.hash })
    const operation = await persistently(() => admin.ended(operationId))
    await restarted
    const page = await persistently(() => admin.get<Page<Record<string, unknown>>>(`/api/${id}/incident?limit=200&count=true`))
    const isAfter = (await versionNow()) === version
    expect(operation.state).toBe(isAfter ? 'succeeded' : 'failed')
    expect(page.total).toBe(200)
    expect(page.data.every((row) => ('riskLevel' in row) === ((action === 'update') === isAfter))).toBe(true)
    expect(await readLeftovers(databaseUrl)).toEqual({ staged: [], running: [], orphans: [] })
    if (!isAfter) expect(await admin.change({ action, id, version })).toMatchObject({ state: 'succeeded' })
    expect((await fetch(`${host.url}/health/ready`)).status).toBe(200)
  }, 60_000)
})

test('while PostgreSQL is away every caller is told so, sessions are not answered from memory, and no acknowledged write is lost', async () => {
  const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped as the lights went out' }
  const { id: kept } = await persistently(() => admin.post<{ id: string }>(`/api/${id}/incident`, incident))
  process.kill(postgres.pid, 'SIGKILL')
  await expect.poll(() => codeOf(admin.get('/api/session')), { timeout: 20_000 }).toBe('not-ready')
  const calls = [admin.get('/api/session'), admin.get(`/api/${id}/incident?limit=1`), admin.get(`/api/${id}/incident/${kept}`), admin.post(`/api/${id}/incident`, incident), admin.get('/api/modules'), admin.get('/api/users')]
  expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'not-ready'))
  await startAgain()
  expect(await persistently(() => admin.get(`/api/${id}/incident/${kept}`))).toMatchObject({ description: incident.description })
}, 60_000)

async function versionNow(): Promise<string | undefined> {
  const { data } = await persistently(() => admin.get<{ data: { id: string; installed?: { version: string } }[] }>('/api/modules'))
  return data.find((module) => module.id === id)?.installed?.version
}
