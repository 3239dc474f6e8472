import { hash } from 'node:crypto'
import { appendFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPackage, writeJson } from '@opsflux/registry-client'
import { isOpsFluxError, type ModuleSummary, type Page, type Plan, type Problem } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { readLeftovers, readState } from '../modules/platform-state.ts'
import { overlayOf } from '../setup/overlays.ts'
import { TestPlatform } from '../setup/platform.ts'
import { hseReports, hseReportsFirst } from '../setup/registry.ts'
import { hostilePackages } from './hostile-packages.ts'
import type { HostilePackage } from './raw-archive.ts'
import { TamperingRegistry, type Served } from './tampering-registry.ts'

const id = 'hse-reports'
const hseBench = 'tests/fixtures/hse-bench'

let platform: TestPlatform
let admin: ApiClient
let registry: TamperingRegistry
let hostile: HostilePackage[]

beforeAll(async () => {
  platform = await TestPlatform.start()
  registry = await TamperingRegistry.start(platform.parts.registry.url)
  platform.parts.config.registryUrl = registry.url
  admin = await platform.signIn()
  await restart()
  const path = await platform.parts.registry.build({ folder: hseReports })
  hostile = hostilePackages(await openPackage(path), await readFile(path), platform.parts.registry.privateKeyPem)
  await admin.post('/api/modules/plans', { action: 'install', id, version: '1.0.0' })
}, 120_000)
afterAll(async () => {
  await platform?.stop()
  await registry?.[Symbol.asyncDispose]()
})
afterEach(() => { registry.tamper = (_, genuine) => genuine })

/** The administrator stays signed in. */
async function restart(meanwhile?: () => Promise<unknown>): Promise<void> {
  await platform.restart(meanwhile)
  const { cookie } = admin
  admin = new ApiClient(platform.host.url)
  admin.cookie = cookie
}

/** All that a refused release must leave as it was. */
async function world(): Promise<unknown> {
  const { config, database } = platform.parts
  const count = async (table: string): Promise<unknown> => (await database.database.admin.query(`select count(*)::int from opsflux.${table}`)).rows[0]
  return {
    ...(await readState(config.databaseUrl, config.home, admin)), ...(await readLeftovers(config.databaseUrl)),
    packages: await readdir(join(config.home, 'packages')), downloads: await readdir(join(config.home, 'registry', 'downloads')).catch(() => []),
    seals: await count('release_seal'), plans: await count('change_plan'), operations: await count('operation'),
  }
}

const upload = async (bytes: Uint8Array): Promise<{ fileId: string }> => admin.send('POST', '/api/modules/files', bytes)

async function sendPackage(bytes: Uint8Array): Promise<Problem> {
  const headers = { 'content-type': 'application/gzip', cookie: admin.cookie }
  return (await (await fetch(`${platform.host.url}/api/modules/files`, { method: 'POST', headers, body: new Uint8Array(bytes) })).json()) as Problem
}

/** Code and words of the error a call ends with. */
async function refusalOf(call: Promise<unknown>): Promise<{ code?: string; words?: string }> {
  try {
    await call
    return {}
  } catch (error) {
    if (!isOpsFluxError(error)) throw error
    return { code: error.code, words: error.message }
  }
}

describe('refused with a clear error and nothing written: an uploaded package', () => {
  test('whatever is done to its bytes', async () => {
    const before = await world()
    for (const { name, bytes, code, reason } of hostile) {
      const problem = await sendPackage(bytes)
      expect({ name, ...problem }).toMatchObject({ name, status: 422, code, detail: expect.stringMatching(/\.$/), ...(reason ? { reason } : {}) })
      expect({ name, world: await world() }).toEqual({ name, world: before })
    }
  }, 180_000)

  test('that is larger than packages may be: told before it is read whole', async () => {
    const before = await world()
    expect(await refusalOf(upload(Buffer.alloc(20 * 2 ** 20 + 1)))).toMatchObject({ code: 'payload-too-large' })
    expect(await world()).toEqual(before)
  })

  test('of a plan: the file of another module', async () => {
    const { fileId } = await upload(await readFile(await platform.parts.registry.build({ folder: hseBench })))
    expect(await codeOf(admin.post('/api/modules/plans', { action: 'install', id, fileId }))).toBe('plan-impossible')
    expect(await codeOf(admin.post('/api/modules/plans', { action: 'install', id, fileId: 'a'.repeat(64) }))).toBe('not-found')
  })

  test('that was changed on disk after it was accepted', async () => {
    const { fileId } = await upload(await readFile(await platform.parts.registry.build({ folder: hseBench })))
    const path = join(platform.parts.config.home, 'packages', `${fileId}.tgz`)
    const genuine = await readFile(path)
    const plan = await admin.post<Plan>('/api/modules/plans', { action: 'install', id: 'hse-bench', fileId })
    await writeFile(path, await readFile(await platform.parts.registry.build({ folder: hseReports })))
    const before = await world()
    expect(await codeOf(admin.post('/api/modules/plans', { action: 'install', id: 'hse-bench', fileId }))).toBe('package-refused')
    expect(await world()).toEqual(before)
    const { id: operationId } = await admin.post<{ id: string }>('/api/modules/operations', { planHash: plan.hash })
    expect(await admin.ended(operationId)).toMatchObject({ state: 'failed', problem: { code: 'package-refused' } })
    await writeFile(path, genuine)
  })
})

describe('refused with a clear error and nothing written: a release of a registry that', () => {
  /** A host that has never spoken with this registry. */
  beforeEach(async () => {
    await restart(() => rm(join(platform.parts.config.home, 'registry'), { recursive: true, force: true }))
  })

  const flipped = ({ status, bytes }: Served, at: number): Served => ({ status, bytes: Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))) })
  const edited = ({ status, bytes }: Served, edit: (text: string) => string): Served => ({ status, bytes: Buffer.from(edit(bytes.toString())) })
  const isTarget = (path: string): boolean => path.startsWith('/targets/')
  const attacks: [name: string, code: string, tamper: TamperingRegistry['tamper']][] = [
    ['turns one bit of the package', 'untrusted-release', (path, served) => (isTarget(path) ? flipped(served, 500) : served)],
    ['cuts the package short', 'untrusted-release', (path, served) => (isTarget(path) ? { ...served, bytes: served.bytes.subarray(0, 900) } : served)],
    ['adds to the package', 'untrusted-release', (path, served) => (isTarget(path) ? { ...served, bytes: Buffer.concat([served.bytes, Buffer.alloc(1)]) } : served)],
    ['serves an older release for the newest', 'untrusted-release', async (path, served) => (isTarget(path) ? { status: 200, bytes: await readFile(await platform.parts.registry.build({ folder: hseReports, overlay: hseReportsFirst })) } : served)],
    ['alters the timestamp', 'untrusted-release', (path, served) => (path.endsWith('timestamp.json') ? edited(served, (text) => text.replace(/"expires": ?"\d{4}/, '"expires":"2999')) : served)],
    ['alters the snapshot', 'untrusted-release', (path, served) => (path.endsWith('snapshot.json') ? edited(served, (text) => text.replace(/"version": ?\d+/, '"version":99')) : served)],
    ['delegates to another key', 'untrusted-release', (path, served) => (/\d\.targets\.json$/.test(path) ? edited(served, (text) => text.replace(/"public": ?"[0-9a-f]{8}/, '"public":"00000000')) : served)],
    ['lists another digest in the publisher\'s name', 'untrusted-release', (path, served) => (path.includes('publisher-') ? edited(served, (text) => text.replace(/"sha256": ?"[0-9a-f]{8}/, '"sha256":"00000000')) : served)],
    ['answers pages instead of metadata', 'untrusted-release', () => ({ status: 200, bytes: Buffer.from('<html>Sign in to the network</html>') })],
    ['answers errors', 'registry-unreachable', () => ({ status: 500, bytes: Buffer.alloc(0) })],
    ['lost its package', 'registry-unreachable', (path, served) => (isTarget(path) ? { status: 404, bytes: Buffer.alloc(0) } : served)],
    ['answers without end', 'registry-unreachable', (path, served) => (path.endsWith('timestamp.json') ? { ...served, bytes: Buffer.alloc(20 * 2 ** 20, ' ') } : served)],
  ]
  test.each(attacks)('%s', async (_, code, tamper) => {
    const before = await world()
    registry.tamper = tamper
    expect(await refusalOf(admin.post('/api/modules/plans', { action: 'install', id }))).toMatchObject({ code, words: expect.stringMatching(/\.$/) })
    expect(await world()).toEqual(before)
    registry.tamper = (__, genuine) => genuine
    await admin.post('/api/modules/plans', { action: 'install', id })
  })

  test('goes back in time, even when the host lost the folder in which it keeps what it saw', async () => {
    const old = new Map<string, Served>()
    registry.tamper = (path, served) => { old.set(path, served); return served }
    await admin.post('/api/modules/plans', { action: 'install', id })
    await platform.parts.registry.publish({ folder: hseReports, overlay: await overlayOf(platform.parts.home, hseReports, '1.2.5') })
    registry.tamper = (_, served) => served
    expect(await admin.post<Plan>('/api/modules/plans', { action: 'install', id })).toMatchObject({ to: '1.2.5' })
    registry.tamper = (path, served) => old.get(path) ?? served
    expect(await refusalOf(admin.post('/api/modules/plans', { action: 'install', id }))).toMatchObject({ code: 'untrusted-release', words: expect.stringContaining('back in time') })
    await restart(() => rm(join(platform.parts.config.home, 'registry'), { recursive: true, force: true }))
    expect(await refusalOf(admin.post('/api/modules/plans', { action: 'install', id }))).toMatchObject({ code: 'untrusted-release', words: expect.stringContaining('back in time') })
  })
})

describe('a module whose files were changed on disk does not load, and says which', () => {
  const incidents = () => admin.get<Page<unknown>>(`/api/${id}/incident`)
  const installed = async () => (await admin.get<{ data: ModuleSummary[] }>('/api/modules')).data.find((module) => module.id === id)?.installed

  beforeAll(async () => {
    expect(await admin.change({ action: 'install', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
    const { fileId } = await upload(await readFile(await platform.parts.registry.build({ folder: hseBench })))
    expect(await admin.change({ action: 'install', id: 'hse-bench', fileId })).toMatchObject({ state: 'succeeded' })
  }, 60_000)

  async function folder(): Promise<string> {
    const [release = ''] = await readdir(join(platform.parts.config.home, 'modules', id))
    return join(platform.parts.config.home, 'modules', id, release)
  }

  const changes: [name: string, file: string, change: (folder: string) => Promise<unknown>][] = [
    ['a file was edited', 'server/index.js', (at) => appendFile(join(at, 'server/index.js'), '\n')],
    ['a file was removed', 'locales/fr.json', (at) => rm(join(at, 'locales/fr.json'))],
    ['a file was added', 'client/extra.js', (at) => writeFile(join(at, 'client/extra.js'), '')],
    ['a file was made a link', 'README.md', async (at) => { await rm(join(at, 'README.md')); await symlink('/etc/hostname', join(at, 'README.md')) }],
    ['a file was edited, and the list of files to match', 'manifest.json', forge],
  ]
  test.each(changes)('%s; the others run, and enabling it repairs it', async (_, file, change) => {
    await restart(async () => change(await folder()))
    expect(await installed()).toMatchObject({ state: 'failed', reason: expect.stringContaining(file) })
    expect(await codeOf(incidents())).toBe('plugin-stopped')
    expect((await admin.get<Page<unknown>>('/api/hse-bench/incident')).data).toEqual([])
    expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
    expect(await admin.change({ action: 'enable', id })).toMatchObject({ state: 'succeeded' })
    expect((await incidents()).data).toEqual([])
    expect(await installed()).toMatchObject({ state: 'active' })
  })

  /** What someone does who knows how packages are made, and has not the publisher's key. */
  async function forge(at: string): Promise<void> {
    const server = Buffer.from(`${await readFile(join(at, 'server/index.js'), 'utf8')}\n`)
    await writeFile(join(at, 'server/index.js'), server)
    const manifest = JSON.parse(await readFile(join(at, 'manifest.json'), 'utf8')) as { files: { path: string; size: number; sha256: string }[] }
    const files = manifest.files.map((entry) => (entry.path === 'server/index.js' ? { ...entry, size: server.length, sha256: hash('sha256', server, 'hex') } : entry))
    await writeFile(join(at, 'manifest.json'), writeJson({ ...manifest, files }))
  }
})

test('the platform stays up when registry and marketplace are gone: modules serve, go back, and say why nothing new comes', async () => {
  await admin.change({ action: 'uninstall', id, data: 'purge' })
  await admin.change({ action: 'install', id, version: '1.0.0' })
  await admin.change({ action: 'update', id, version: '1.2.0' })
  await Promise.all([platform.parts.marketplace.stop(), registry[Symbol.asyncDispose]()])
  for (const isAfterStart of [false, true]) {
    if (isAfterStart) await restart()
    const { data, registry: state } = await admin.get<{ data: ModuleSummary[]; registry: { reachable: boolean } }>('/api/modules')
    expect(state.reachable).toBe(false)
    expect(data.map((module) => [module.id, module.installed?.state])).toEqual([['hse-bench', 'active'], [id, 'active']])
    expect((await admin.get<Page<unknown>>(`/api/${id}/incident`)).data).toEqual([])
    expect(await refusalOf(admin.post('/api/modules/plans', { action: 'update', id }))).toMatchObject({ code: 'registry-unreachable', words: expect.stringContaining('keeps running') })
  }
  expect(await admin.change({ action: 'rollback', id, version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
  expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
}, 60_000)
