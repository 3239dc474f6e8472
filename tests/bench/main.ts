// `npm run bench`: ratios against a bare Koa + pg handler on the same Node and database, in alternation, and a few absolute figures.
// `npm run bench -- --only sandbox`: what sandboxes cost, and nothing else.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '@opsflux/data'
import { ApiClient } from '../setup/api-client.ts'
import { startChild, type Child } from '../setup/child.ts'
import { publishHseReports, TestRegistry } from '../setup/registry.ts'
import { compare, type Ratio } from './compare.ts'
import { fill } from './fill.ts'
import { measureIdlePlugins, type IdlePlugins } from './idle-plugins.ts'
import { measureSandbox, type SandboxFigures } from './sandbox.ts'
import { measureStarts, type Starts } from './starts.ts'

interface PlatformFigures extends Starts {
  rows: number
  ratios: Ratio[]
  installToFirstRequestMs: number
  hostMb: number
  sandboxMb: number
}

interface Figures {
  node: string
  platform?: PlatformFigures
  sandbox: SandboxFigures & {
    /** A create whose before-hook runs in a sandbox, in times the same create without. */
    hookRatio: Ratio
    idle: IdlePlugins
  }
}

const rows = 10_000
const idlePlugins = 100
const isJson = process.argv.includes('--json')
const isSandboxOnly = process.argv.join(' ').includes('--only sandbox')
const say = (text: string): void => { if (!isJson) process.stdout.write(`${text}\n`) }
const incident = { type: 'nearMiss', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'A hose burst during the pressure test of the line.' }

const home = await mkdtemp(join(tmpdir(), 'opsflux-bench-'))
const built = fileURLToPath(new URL('../../.cache/bench', import.meta.url))
const postgres = await startPostgres({ dataDir: join(home, 'postgres') })
const children: Child[] = []
try {
  const figures = await measure()
  process.stdout.write(isJson ? `${JSON.stringify(figures, null, 2)}\n` : report(figures))
} finally {
  for (const child of children.toReversed()) await child.stop()
  await postgres.stop()
  await rm(home, { recursive: true, force: true })
  await rm(built, { recursive: true, force: true })
}

async function measure(): Promise<Figures> {
  const alone = await measureSandbox()
  const registry = await TestRegistry.start(home)
  children.push(registry.process)
  await publishHseReports(registry)
  await registry.publish({ folder: fileURLToPath(new URL('../fixtures/hse-bench', import.meta.url)) })
  let host = await startHost(registry)
  const first = host.messages.find((message) => message['type'] === 'first-admin')
  const email = String(first?.['email'])
  let admin = await ApiClient.signIn(host.url, email, String(first?.['password']), 'a password for the bench')

  const begun = performance.now()
  await install(admin, 'hse-reports')
  await admin.post('/api/hse-reports/incident', incident)
  const installToFirstRequestMs = Math.round(performance.now() - begun)
  await install(admin, 'hse-bench')

  const platform = isSandboxOnly ? {} : { platform: { ...(await measurePlatform(host, admin)), installToFirstRequestMs } }
  const body = (): object => incident
  const hookRatio = await compare('create with a sandboxed hook, in creates without', host.url, host.url, admin.cookie, { path: '/api/hse-reports/incident', body }, { path: '/api/hse-bench/incident', body, cookie: admin.cookie }, say)

  await rm(built, { recursive: true, force: true })
  await mkdir(built, { recursive: true })
  const restart = async (): Promise<{ host: Child; admin: ApiClient }> => {
    await host.stop()
    children.splice(children.indexOf(host), 1)
    host = await startHost(registry)
    admin = await ApiClient.signIn(host.url, email, 'a password for the bench')
    return { host, admin }
  }
  const idle = await measureIdlePlugins({ folder: built, registry, restart }, idlePlugins)
  return { node: process.version, ...platform, sandbox: { ...alone, hookRatio, idle } }
}

async function startHost(registry: TestRegistry): Promise<Child> {
  const host = await startChild('core/host/src/main.ts', {
    DATABASE_URL: postgres.url, OPSFLUX_HOME: join(home, 'host'), OPSFLUX_PORT: '0', OPSFLUX_REGISTRY_URL: registry.url,
    OPSFLUX_REGISTRY_ROOT: registry.rootFile, OPSFLUX_SECRET_FILE: join(home, 'secret'),
  })
  children.push(host)
  return host
}

async function measurePlatform(host: Child, admin: ApiClient): Promise<Omit<PlatformFigures, 'installToFirstRequestMs'>> {
  const { id, floorId } = await fill(postgres.url, rows)
  const floor = await startChild('tests/bench/floor.ts', { DATABASE_URL: postgres.url })
  children.push(floor)
  const against = (name: string, path: string, floorPath: string, body?: () => object): Promise<Ratio> =>
    compare(name, host.url, floor.url, admin.cookie, { path, ...(body ? { body } : {}) }, { path: floorPath, ...(body ? { body } : {}) }, say)
  const ratios = [
    await against('list 25 of 10,000, filtered and sorted', '/api/hse-reports/incident?where[type][eq]=nearMiss&sort=-occurredAt', '/incidents?type=nearMiss'),
    await against('read by id', `/api/hse-reports/incident/${id}`, `/incidents/${floorId}`),
    await against('create', '/api/hse-bench/incident', '/incidents', () => incident),
    await against('create with a sandboxed hook', '/api/hse-reports/incident', '/incidents', () => incident),
  ]
  const memory = { hostMb: await residentMb(host.process.pid), sandboxMb: await residentMb(await sandboxOf(host.process.pid)) }
  return { rows, ratios, ...memory, ...(await measureStarts()) }
}

async function install(admin: ApiClient, id: string): Promise<void> {
  const operation = await admin.change({ action: 'install', id })
  if (operation.state !== 'succeeded') throw new Error(`The install of ${id} ended as ${operation.state}: ${operation.problem?.detail}`)
}

function report({ platform, sandbox }: Figures): string {
  return `\n${platform ? reportPlatform(platform) : ''}${reportSandbox(sandbox)}\n`
}

function reportPlatform({ ratios, ...figures }: PlatformFigures): string {
  const lines = ratios.map(({ name, ratio, ours, floor }) => `${name.padEnd(42)}${ratio.toFixed(2).padStart(6)} × the floor   ${ours} against ${floor} requests/s`)
  return `${lines.join('\n')}\n
cold start to healthy       ${figures.coldStartMs} ms
warm start to healthy       ${figures.warmStartMs} ms
install to first request    ${figures.installToFirstRequestMs} ms
host, resident memory       ${figures.hostMb} MB
plugin sandbox, resident    ${figures.sandboxMb} MB\n\n`
}

function reportSandbox({ hookRatio, idle, ...figures }: Figures['sandbox']): string {
  return `sandbox, call p50           ${figures.callP50Ms} ms (promised: 0.15)
sandbox, call p95           ${figures.callP95Ms} ms (promised: 1)
sandbox, start              ${figures.startMs} ms (promised: 250)
sandbox, idle, own memory   ${figures.idleOwnMb} MB (promised: 15), share ${figures.idleShareMb} MB
create with hook            ${hookRatio.ratio} × the same without (promised: 1.5)
${idle.count} idle plugins            ${idle.hostMbEach} MB each of the host (promised: 1), ${idle.processes} processes (promised: 0)\n`
}

/** Resident memory, MB; Linux only. */
async function residentMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

/** The launcher that makes the namespaces stays as its parent. */
async function sandboxOf(pid: number | undefined): Promise<number | undefined> {
  const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')
  return child ? sandboxOf(Number(child)) : pid
}
