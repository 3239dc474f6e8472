import { once } from 'node:events'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHost } from '@opsflux/host'
import type { ModuleSummary, OperationStep, Page, Plan } from '@opsflux/sdk'
import { ApiClient } from '../setup/api-client.ts'
import { startChild } from '../setup/child.ts'
import { password, startParts } from '../setup/platform.ts'
import type { KillOrder } from './killable-host.ts'
import { readLeftovers } from './platform-state.ts'
import { Snapshots, type Snapshot } from './snapshots.ts'

const id = 'hse-reports'
const steps: OperationStep[] = ['verify', 'prepare', 'pause', 'switch', 'check', 'resume', 'clean']
const log = pino({ level: 'silent' })
const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck 1' }

let parts: Awaited<ReturnType<typeof startParts>>
let snapshots: Snapshots
let cookie: string
const damaged: Record<string, Snapshot & { planHash: string }> = {}

beforeAll(async () => {
  parts = await startParts()
  snapshots = new Snapshots(parts.config)
  await parts.database.database.close()
  await mkdir(parts.config.home, { recursive: true })
  const first = await startHost(parts.config, { log })
  const client = await ApiClient.signIn(first.url, first.firstAdministrator?.email ?? '', first.firstAdministrator?.password ?? '', password)
  cookie = client.cookie
  expect(await client.change({ action: 'install', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  await client.post(`/api/${id}/incident`, incident)
  await first.stop()
  const blank: Snapshot = { database: new URL(parts.config.databaseUrl).pathname.slice(1), home: parts.config.home }
  damaged['a damaged file'] = await spoil(blank, async (home) => {
    const [release = ''] = await readdir(join(home, 'modules', id))
    await writeFile(join(home, 'modules', id, release, 'server/index.js'), 'export default {}')
  })
  damaged['no folder of modules'] = await spoil(blank, (home) => rm(join(home, 'modules'), { recursive: true }))
}, 180_000)

afterAll(async () => {
  await snapshots.dropAll()
  await Promise.all([parts.marketplace.stop(), parts.registry.process.stop()])
  await rm(parts.home, { recursive: true, force: true })
}, 60_000)

async function spoil(of: Snapshot, damage: (home: string) => Promise<unknown>): Promise<Snapshot & { planHash: string }> {
  const { config, ...copy } = await snapshots.copy(of)
  await damage(copy.home)
  const host = await startHost(config, { log })
  const { hash: planHash } = await clientOf(host.url).post<Plan>('/api/modules/plans', { action: 'repair', id })
  await host.stop()
  return { ...copy, planHash }
}

function clientOf(url: string): ApiClient {
  const client = new ApiClient(url)
  client.cookie = cookie
  return client
}

// Without a folder in the way only the steps that put one there differ.
describe.each([['a damaged file', steps], ['no folder of modules', ['prepare', 'switch']]] as const)('kill -9 of the host during the repair of %s leaves the module damaged or repaired, never between', (name, killedAt) => {
  test.each(killedAt.flatMap((step) => [['before', step], ['after', step]] as const))('%s the step %s', async (phase, step) => {
    const scene = damaged[name]
    if (!scene) throw new Error(`The scene "${name}" was not made.`)
    const { config, ...copy } = await snapshots.copy(scene)
    await runUntilKilled({ config, killAt: `repair ${step} ${phase}` }, scene.planHash)
    const host = await startHost(config, { log })
    try {
      const client = clientOf(host.url)
      const installed = async () => (await client.get<{ data: ModuleSummary[] }>('/api/modules')).data.find((module) => module.id === id)?.installed
      const isAfter = (await installed())?.state === 'active'
      expect(isAfter).toBe(isDone(name, step, phase))
      expect(await readLeftovers(config.databaseUrl)).toEqual({ staged: [], running: [], orphans: [] })
      if (!isAfter) expect(await client.change({ action: 'repair', id })).toMatchObject({ state: 'succeeded' })
      expect(await installed()).toMatchObject({ state: 'active', version: '1.2.0' })
      expect((await client.get<Page<unknown>>(`/api/${id}/incident?count=true`)).total).toBe(1)
      expect(await readdir(join(config.home, 'modules', id))).toEqual([expect.stringMatching(/^1\.2\.0-[0-9a-f]{12}$/)])
    } finally {
      await host.stop()
      await snapshots.drop(copy)
    }
  }, 60_000)
})

// The switch is the one moment. Where no folder stands in the way, a start puts in place what was prepared whole.
function isDone(name: string, step: OperationStep, phase: 'before' | 'after'): boolean {
  const moment = name === 'a damaged file' ? 'switch' : 'prepare'
  const at = steps.indexOf(step)
  return at > steps.indexOf(moment) || (step === moment && phase === 'after')
}

/** Starts the repair on a host that dies in the middle, and waits for its end. */
async function runUntilKilled(order: KillOrder, planHash: string): Promise<void> {
  const child = await startChild('tests/modules/killable-host.ts', {})
  const exited = once(child.process, 'exit')
  const serving = once(child.process, 'message') as Promise<[{ url: string }]>
  child.process.send(order)
  const [{ url }] = await serving
  // It may die before it answers.
  await clientOf(url).post('/api/modules/operations', { planHash }).catch(() => undefined)
  expect((await exited)[1]).toBe('SIGKILL')
}
