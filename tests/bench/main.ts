// `npm run bench`: ratios against a bare Koa + pg handler on the same Node and database, in alternation, and a few absolute figures.
// `npm run bench -- --only sandbox`: what sandboxes cost, and nothing else. `-- --only entities`: lists, reads and writes alone.
// `npm run bench -- --only millions`: lists of 10,000,000 records against lists of 10,000; takes minutes and some 5 GB of disk.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '@opsflux/data'
import { ApiClient } from '../setup/api-client.ts'
import { startChild, type Child } from '../setup/child.ts'
import { publishHseReports, TestRegistry } from '../setup/registry.ts'
import { compare, type Ratio, type Target } from './compare.ts'
import { fill, fillUpTo } from './fill.ts'
import { measureIdlePlugins, type IdlePlugins } from './idle-plugins.ts'
import { measurePermissions, type PermissionFigures } from './permissions.ts'
import { measureSandbox, type SandboxFigures } from './sandbox.ts'
import { measureStarts, type Starts } from './starts.ts'

interface PlatformFigures extends Starts {
  rows: number
  ratios: Ratio[]
  installToFirstRequestMs: number
  hostMb: number
  sandboxMb: number
}

interface Millions {
  few: Ratio
  many: Ratio
  /** A page of a list of many records, in pages of a list of few. */
  ratio: number
}

interface Figures {
  node: string
  permissions: PermissionFigures
  platform?: PlatformFigures
  millions?: Millions
  sandbox?: SandboxFigures & {
    /** A create whose before-hook runs in a sandbox, in times the same create without. */
    hookRatio: Ratio
    idle: IdlePlugins
  }
}

const rows = 10_000
const manyRows = 10_000_000
const idlePlugins = 100
const isJson = process.argv.includes('--json')
const only = /--only (\w+)/.exec(process.argv.join(' '))?.[1]
const say = (text: string): void => { if (!isJson) process.stdout.write(`${text}\n`) }
const incident = { type: 'nearMiss', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'A hose burst during the pressure test of the line.' }
const list = '/api/hse-bench/incident?where[type][eq]=nearMiss&sort=-occurredAt'

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
  const alone = only === undefined || only === 'sandbox' ? await measureSandbox() : undefined
  const registry = await TestRegistry.start(home)
  children.push(registry.process)
  await publishHseReports(registry)
  for (const fixture of ['hse-bench', 'hse-hooked']) await registry.publish({ folder: fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url)) })
  const host = await startHost(registry)
  const first = host.messages.find((message) => message['type'] === 'first-admin')
  const email = String(first?.['email'])
  const admin = await ApiClient.signIn(host.url, email, String(first?.['password']), 'a password for the bench')

  const begun = performance.now()
  await install(admin, 'hse-reports')
  await admin.post('/api/hse-reports/incident', incident)
  const installToFirstRequestMs = Math.round(performance.now() - begun)
  await install(admin, 'hse-bench')
  await install(admin, 'hse-hooked')

  const figures: Figures = { node: process.version, permissions: measurePermissions() }
  if (only === undefined || only === 'entities') figures.platform = { ...(await measurePlatform(host, admin)), installToFirstRequestMs }
  if (only === 'millions') figures.millions = await measureMillions(host, admin)
  if (alone) figures.sandbox = { ...alone, ...(await measureHooks(registry, host, admin, email)) }
  return figures
}

async function measureHooks(registry: TestRegistry, host: Child, admin: ApiClient, email: string): Promise<{ hookRatio: Ratio; idle: IdlePlugins }> {
  const body = (): object => incident
  const hookRatio = await compare({
    name: 'create with a sandboxed hook, in creates without', hostUrl: host.url, floorUrl: host.url, cookie: admin.cookie,
    ours: { path: '/api/hse-hooked/incident', body }, floor: { path: '/api/hse-bench/incident', body, cookie: admin.cookie }, say,
  })
  await rm(built, { recursive: true, force: true })
  await mkdir(built, { recursive: true })
  let running = host
  const restart = async (): Promise<{ host: Child; admin: ApiClient }> => {
    await running.stop()
    children.splice(children.indexOf(running), 1)
    running = await startHost(registry)
    return { host: running, admin: await ApiClient.signIn(running.url, email, 'a password for the bench') }
  }
  return { hookRatio, idle: await measureIdlePlugins({ folder: built, registry, restart }, idlePlugins) }
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
  const body = (): object => incident
  const against = (name: string, ours: Target, floorTarget: Target, connections: number): Promise<Ratio> =>
    compare({ name, hostUrl: host.url, floorUrl: floor.url, cookie: admin.cookie, ours, floor: floorTarget, connections, say })
  const ratios: Ratio[] = []
  for (const connections of [1, 10, 50]) {
    ratios.push(
      await against('list 25 of 10,000, filtered and sorted', { path: list }, { path: '/incidents?type=nearMiss' }, connections),
      await against('the same with an exact count', { path: `${list}&count=true` }, { path: '/counted-incidents?type=nearMiss' }, connections),
      await against('read by id', { path: `/api/hse-bench/incident/${id}` }, { path: `/incidents/${floorId}` }, connections),
      await against('create', { path: '/api/hse-bench/incident', body }, { path: '/incidents', body }, connections),
    )
  }
  ratios.push(await against('create with a sandboxed hook', { path: '/api/hse-hooked/incident', body }, { path: '/incidents', body }, 10))
  const memory = { hostMb: await residentMb(host.process.pid), sandboxMb: await residentMb(await sandboxOf(host.process.pid)) }
  return { rows, ratios, ...memory, ...(only === undefined ? await measureStarts() : { coldStartMs: 0, warmStartMs: 0 }) }
}

/** Pages in the middle of a list, by cursor: of few records and of many, each in times the floor, whose list stays as it is. */
async function measureMillions(host: Child, admin: ApiClient): Promise<Millions> {
  await fill(postgres.url, rows)
  const floor = await startChild('tests/bench/floor.ts', { DATABASE_URL: postgres.url })
  children.push(floor)
  const page = async (of: number): Promise<Ratio> => {
    const middle = new Date(Date.UTC(2024, 0, 1) + (of / 2) * 97 * 60_000).toISOString()
    const { next } = await admin.get<{ next: string }>(`${list}&where[occurredAt][lte]=${middle}`)
    return compare({
      name: `list by cursor of ${of.toLocaleString('en')}`, hostUrl: host.url, floorUrl: floor.url, cookie: admin.cookie, say,
      ours: { path: `${list}&after=${next}` }, floor: { path: '/incidents?type=nearMiss' },
    })
  }
  const few = await page(rows)
  await fillUpTo(postgres.url, manyRows, say)
  const many = await page(manyRows)
  return { few, many, ratio: Math.round((many.ratio / few.ratio) * 100) / 100 }
}

async function install(admin: ApiClient, id: string): Promise<void> {
  const operation = await admin.change({ action: 'install', id })
  if (operation.state !== 'succeeded') throw new Error(`The install of ${id} ended as ${operation.state}: ${operation.problem?.detail}`)
}

function report({ permissions, platform, millions, sandbox }: Figures): string {
  return `\n${reportPermissions(permissions)}${platform ? reportPlatform(platform) : ''}${millions ? reportMillions(millions) : ''}${sandbox ? reportSandbox(sandbox) : ''}\n`
}

function reportPlatform({ ratios, ...figures }: PlatformFigures): string {
  const lines = ratios.map(({ name, connections, ratio, ours, floor }) => `${name.padEnd(42)}${String(connections).padStart(3)} at once ${ratio.toFixed(2).padStart(6)} × the floor   ${ours} against ${floor} requests/s`)
  return `${lines.join('\n')}\n
cold start to healthy       ${figures.coldStartMs} ms
warm start to healthy       ${figures.warmStartMs} ms
install to first request    ${figures.installToFirstRequestMs} ms
host, resident memory       ${figures.hostMb} MB
plugin sandbox, resident    ${figures.sandboxMb} MB\n\n`
}

function reportPermissions({ checkUs, conditionUs, coldUs, permissions }: PermissionFigures): string {
  return `permission check            ${checkUs} µs with ${permissions} permissions (promised: 10), as a condition ${conditionUs} µs, after a change ${coldUs} µs\n`
}

function reportMillions({ few, many, ratio }: Millions): string {
  return `${few.name}  ${few.ratio} × the floor\n${many.name}  ${many.ratio} × the floor: ${ratio} × the shorter list (promised: 1.2)\n`
}

function reportSandbox({ hookRatio, idle, ...figures }: NonNullable<Figures['sandbox']>): string {
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
