import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHost, type Host } from '@opsflux/host'
import type { ChangeRequest, OperationStep, Plan } from '@opsflux/sdk'
import { ApiClient } from '../setup/api-client.ts'
import { startChild, type Child } from '../setup/child.ts'
import { password, startParts } from '../setup/platform.ts'
import type { KillOrder } from './killable-host.ts'
import { readLeftovers, readState, type PlatformState } from './platform-state.ts'
import { Snapshots, type Snapshot } from './snapshots.ts'

const id = 'hse-reports'
const releaseSteps: OperationStep[] = ['verify', 'prepare', 'pause', 'protect', 'migrate', 'switch', 'check', 'resume', 'clean']
const uninstallSteps: OperationStep[] = ['pause', 'migrate', 'switch', 'resume', 'clean']
const log = pino({ level: 'silent' })

interface Scene {
  request: ChangeRequest
  steps: OperationStep[]
}
const scenes: Record<string, Scene> = {
  install: { request: { action: 'install', id, version: '1.0.0' }, steps: releaseSteps },
  update: { request: { action: 'update', id, version: '1.2.0' }, steps: releaseSteps },
  'roll-back': { request: { action: 'rollback', id, version: '1.0.0' }, steps: releaseSteps },
  'uninstall keeping the data': { request: { action: 'uninstall', id, data: 'keep' }, steps: uninstallSteps },
  'uninstall and purge': { request: { action: 'uninstall', id, data: 'purge' }, steps: uninstallSteps },
  'install on kept data': { request: { action: 'install', id, version: '1.0.0' }, steps: ['protect', 'migrate', 'clean'] },
  disable: { request: { action: 'disable', id }, steps: ['switch'] },
}

let parts: Awaited<ReturnType<typeof startParts>>
let snapshots: Snapshots
let cookie: string
/** Loaded while the test before it runs. */
let nextHost: Promise<Child>
const atRest: Record<string, Snapshot & { planHash: string; before: PlatformState; after: PlatformState }> = {}

beforeAll(async () => {
  parts = await startParts()
  snapshots = new Snapshots(parts.config)
  nextHost = startKillable()
  nextHost.catch(() => undefined)
  await makeScenes()
}, 180_000)

afterAll(async () => {
  await (await nextHost).stop('SIGKILL')
  await snapshots.dropAll()
  await Promise.all([parts.marketplace.stop(), parts.registry.process.stop()])
  await rm(parts.home, { recursive: true, force: true })
}, 60_000)

const startKillable = (): Promise<Child> => startChild('tests/modules/killable-host.ts', {})

function clientOf(url: string): ApiClient {
  const client = new ApiClient(url)
  client.cookie = cookie
  return client
}

/** Runs `work` on a host of a copy and leaves the copy at rest. */
async function onCopy<T>(of: Snapshot, work: (client: ApiClient, host: Host) => Promise<T>): Promise<{ copy: Snapshot; result: T; state: PlatformState }> {
  const { config, ...copy } = await snapshots.copy(of)
  const first = await startHost(config, { log })
  let result: T
  try {
    result = await work(clientOf(first.url), first)
  } finally {
    await first.stop()
  }
  // What is compared is what a start finds, on both sides.
  const again = await startHost(config, { log })
  try {
    return { copy, result, state: await readState(config.databaseUrl, config.home, clientOf(again.url)) }
  } finally {
    await again.stop()
  }
}

async function makeScenes(): Promise<void> {
  await parts.database.database.close()
  await mkdir(parts.config.home, { recursive: true })
  const blank = { database: new URL(parts.config.databaseUrl).pathname.slice(1), home: parts.config.home }
  const { copy: empty } = await onCopy(blank, async (client, host) => {
    const first = host.firstAdministrator
    if (!first) throw new Error('The platform has an administrator already.')
    await client.send('POST', '/api/auth/sign-in', { email: first.email, password: first.password })
    await client.send('POST', '/api/auth/password', { current: first.password, next: password })
    cookie = client.cookie
  })
  const { copy: installed } = await onCopy(empty, async (client) => {
    await succeeds(client, { action: 'install', id, version: '1.0.0' })
    for (let n = 0; n < 5; n++) await client.post(`/api/${id}/incident`, incident(n))
  })
  const { copy: updated } = await onCopy(installed, async (client) => {
    await succeeds(client, { action: 'update', id, version: '1.2.0' })
    const { id: first } = await client.post<{ id: string }>(`/api/${id}/incident`, incident(5))
    const { data: [owner] } = await client.get<{ data: { id: string }[] }>('/api/users')
    await client.post(`/api/${id}/correctiveAction`, { incident: first, title: 'Fit a handrail', owner: owner?.id, due: '2099-01-31' })
  })
  const { copy: kept } = await onCopy(updated, (client) => succeeds(client, { action: 'uninstall', id, data: 'keep' }))
  const from: Record<string, Snapshot> = {
    install: empty, update: installed, 'roll-back': updated, 'uninstall keeping the data': updated, 'uninstall and purge': updated, 'install on kept data': kept, disable: installed,
  }
  for (const [name, { request }] of Object.entries(scenes)) {
    const start = from[name]
    if (!start) throw new Error(`The scene "${name}" has no beginning.`)
    const { copy, result: planHash, state: before } = await onCopy(start, async (client) => (await client.post<Plan>('/api/modules/plans', request)).hash)
    const { state: after } = await onCopy(copy, (client) => succeeds(client, request))
    atRest[name] = { ...copy, planHash, before, after }
  }
}

const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: `Platform ${n}`, occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })

async function succeeds(client: ApiClient, request: ChangeRequest): Promise<void> {
  expect(await client.change(request)).toMatchObject({ state: 'succeeded' })
}

/** Starts the operation on a host that dies at `killAt`, and waits for its end. */
async function runUntilKilled(config: KillOrder['config'], planHash: string, killAt: string): Promise<void> {
  const child = await nextHost
  nextHost = startKillable()
  nextHost.catch(() => undefined)
  const exited = once(child.process, 'exit')
  const serving = once(child.process, 'message') as Promise<[{ url: string }]>
  child.process.send({ config, killAt } satisfies KillOrder)
  const [{ url }] = await serving
  // It may die before it answers.
  await clientOf(url).post('/api/modules/operations', { planHash }).catch(() => undefined)
  expect((await exited)[1]).toBe('SIGKILL')
}

describe.each(Object.entries(scenes))('kill -9 of the host during %s leaves the platform before or after, never between', (name, { request, steps }) => {
  test.each(steps.flatMap((step) => [['before', step], ['after', step]] as const))('%s the step %s', async (phase, step) => {
    expect(await killAndStart(name, `${step} ${phase}`)).toBe(isCommitted(steps, step, phase) ? 'after' : 'before')
  }, 60_000)

  const moments = request.action === 'disable' ? [] : [2, 10, 20, 40, 80]
  test.each(moments)('%i ms after the one transaction began to be made', async (ms) => {
    expect(['before', 'after']).toContain(await killAndStart(name, `migrate before ${ms}`))
  }, 60_000)
})

/** Kills, starts again, and checks all there is to check; says on which side the platform is. */
async function killAndStart(name: string, moment: string): Promise<'before' | 'after'> {
  const [scene, wanted] = [atRest[name], scenes[name]]
  if (!scene || !wanted) throw new Error(`The scene "${name}" was not made.`)
  const { config, ...copy } = await snapshots.copy(scene)
  await runUntilKilled(config, scene.planHash, `${wanted.request.action} ${moment}`)
  const host = await startHost(config, { log })
  try {
    const client = clientOf(host.url)
    const state = await readState(config.databaseUrl, config.home, client)
    const isAfter = JSON.stringify(state) === JSON.stringify(scene.after)
    expect(state).toEqual(isAfter ? scene.after : scene.before)
    expect(await readLeftovers(config.databaseUrl)).toEqual({ staged: [], running: [], orphans: [] })
    if (!isAfter) await succeeds(client, wanted.request)
    return isAfter ? 'after' : 'before'
  } finally {
    await host.stop()
    await snapshots.drop(copy)
  }
}

/** The one transaction is the step `migrate`, or `switch` where nothing else is. */
function isCommitted(steps: readonly OperationStep[], step: OperationStep, phase: 'before' | 'after'): boolean {
  const commit = steps.indexOf(steps.includes('migrate') ? 'migrate' : 'switch')
  const at = steps.indexOf(step)
  return at > commit || (at === commit && phase === 'after')
}
