import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealerOf } from '@opsflux/data'
import type { ModuleDetail, Session } from '@opsflux/sdk'
import { InstalledReleases } from '../../core/services/src/modules/installed-releases.ts'
import { Installations, type Installation } from '../../core/services/src/modules/installations.ts'
import { PackageStore } from '../../core/services/src/modules/package-store.ts'
import { ReleaseSeals } from '../../core/services/src/modules/release-seals.ts'
import { codeOf } from '../setup/api-client.ts'
import { LifecycleScene } from './scene.ts'

const id = 'hse-reports'
let scene: LifecycleScene
let releases: InstalledReleases
let installation: Installation
let folder: string
let files: string[]

beforeAll(async () => {
  scene = await LifecycleScene.start()
  expect(await scene.admin.change({ action: 'install', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  const { database: { database }, config: { home } } = scene.platform.parts
  const { admin } = database
  const installations = new Installations(admin)
  // What a host loads a module through.
  releases = new InstalledReleases({
    installations, packages: new PackageStore(join(home, 'packages')), seals: new ReleaseSeals(admin), modulesFolder: join(home, 'modules'),
    policyOf: async () => ({}), sealer: sealerOf(database.sealingKey), onSandboxEvent: () => undefined,
  })
  const known = await installations.get(id)
  if (!known) throw new Error('The module is not installed.')
  installation = known
  folder = await scene.folderOf(id)
  files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}, 120_000)
afterAll(() => scene?.stop())

/** The file that a host names when it is asked to load the module. */
async function blamed(): Promise<unknown> {
  try {
    await (await releases.load(installation)).stop()
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'package-refused' })
    expect(releases.damageOf(installation.digest)).toBeDefined()
    return releases.damageOf(installation.digest)?.entry
  }
}

async function flip(path: string, at: number, bits = 1): Promise<Buffer> {
  const before = await readFile(path)
  const after = Buffer.from(before)
  after[at] = (before[at] ?? 0) ^ bits
  await writeFile(path, after)
  return before
}

describe('an installed module is not loaded', () => {
  test('when one byte of any of its files is another: first, middle or last', async () => {
    expect(await blamed()).toBeUndefined()
    expect(files.length).toBeGreaterThan(15)
    for (const file of files) {
      const path = join(folder, file)
      const { size } = await stat(path)
      for (const at of new Set([0, Math.floor(size / 2), size - 1])) {
        const before = await flip(path, at)
        expect({ file, at, blamed: await blamed() }).toEqual({ file, at, blamed: file })
        await writeFile(path, before)
      }
    }
    expect(await blamed()).toBeUndefined()
  }, 120_000)

  test('when any byte of its signature is another', async () => {
    const path = join(folder, 'manifest.sig')
    const { size } = await stat(path)
    for (let at = 0; at < size; at++) {
      const before = await flip(path, at, at % 2 ? 0x20 : 1)
      expect({ at, blamed: await blamed() }).toEqual({ at, blamed: 'manifest.sig' })
      await writeFile(path, before)
    }
    expect(await blamed()).toBeUndefined()
  }, 120_000)

  const attacks: [name: string, file: string, attack: () => Promise<() => Promise<unknown>>][] = [
    ['a file is added', 'client/extra.js', async () => { await writeFile(join(folder, 'client/extra.js'), ''); return () => rm(join(folder, 'client/extra.js')) }],
    ['a hidden file is added at the top', '.hidden', async () => { await writeFile(join(folder, '.hidden'), ''); return () => rm(join(folder, '.hidden')) }],
    ['a file is removed', 'locales/fr.json', () => replaced('locales/fr.json', async () => undefined)],
    ['the signature is removed', 'manifest.sig', () => replaced('manifest.sig', async () => undefined)],
    ['a file is a link to what it was', 'server/index.js', () => replaced('server/index.js', (path, aside) => symlink(aside, path))],
    ['a file is a pipe', 'README.md', () => replaced('README.md', async (path) => { execFileSync('mkfifo', [path]) })],
    ['a file is a folder', 'README.md', () => replaced('README.md', (path) => mkdir(path))],
    ['a folder is a link to what it was', 'locales', () => replaced('locales', (path, aside) => symlink(aside, path))],
    ['an empty folder is added', 'more', async () => { await mkdir(join(folder, 'more')); return () => rm(join(folder, 'more'), { recursive: true }) }],
    ['a file may be run', 'server/index.js', () => withMode('server/index.js', 0o755)],
    ['a file may be written by all', 'plugin.json', () => withMode('plugin.json', 0o666)],
    ['a file may be read by fewer', 'sbom.json', () => withMode('sbom.json', 0o600)],
  ]

  async function replaced(file: string, put: (path: string, aside: string) => Promise<unknown>): Promise<() => Promise<unknown>> {
    const path = join(folder, file)
    const aside = join(dirname(folder), 'aside')
    await rename(path, aside)
    await put(path, aside)
    return async () => { await rm(path, { recursive: true, force: true }); await rename(aside, path) }
  }

  async function withMode(file: string, mode: number): Promise<() => Promise<unknown>> {
    const { mode: before } = await stat(join(folder, file))
    await chmod(join(folder, file), mode)
    return () => chmod(join(folder, file), before & 0o777)
  }

  test.each(attacks)('when %s', async (_, file, attack) => {
    const undo = await attack()
    expect(await blamed()).toBe(file)
    await undo()
    expect(await blamed()).toBeUndefined()
  })

  test('when another release of the same publisher, whole and signed, stands in its place', async () => {
    expect(await scene.admin.change({ action: 'rollback', id, version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
    const older = (await readdir(dirname(folder))).find((name) => name.startsWith('1.0.0'))
    expect(await scene.admin.change({ action: 'update', id, version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
    const aside = `${folder}-aside`
    await rename(folder, aside)
    await rename(join(dirname(folder), older ?? ''), folder)
    expect(await blamed()).toBe('manifest.json')
    await rename(folder, join(dirname(folder), older ?? ''))
    await rename(aside, folder)
    expect(await blamed()).toBeUndefined()
  })

  test('when it was installed before keys were kept: its seal still holds', async () => {
    const { admin } = scene.platform.parts.database.database
    const { rows: [seal] } = await admin.query<{ public_keys: unknown }>('select public_keys from opsflux.release_seal where digest = $1', [installation.digest])
    expect(seal?.public_keys).toEqual([{ keyid: expect.any(String), publicKey: expect.any(String) }])
    await admin.query('update opsflux.release_seal set public_keys = null where digest = $1', [installation.digest])
    expect(await blamed()).toBeUndefined()
    const before = await flip(join(folder, 'plugin.json'), 40)
    expect(await blamed()).toBe('plugin.json')
    await writeFile(join(folder, 'plugin.json'), before)
    await admin.query('update opsflux.release_seal set public_keys = $2 where digest = $1', [installation.digest, JSON.stringify(seal?.public_keys)])
  })
})

describe('a host that finds an altered file at its start', () => {
  test('serves the rest, and tells administrator, callers and pages which module does not run and why', async () => {
    let before: Buffer | undefined
    await scene.restart(async () => { before = await flip(join(folder, 'server/index.js'), 10) })
    expect(await scene.installed(id)).toMatchObject({ state: 'failed', altered: { entry: 'server/index.js' }, reason: expect.stringMatching(/"server\/index\.js" was changed on disk.*Repair it/) })
    await expect(scene.admin.get(`/api/${id}/incident`)).rejects.toMatchObject({ code: 'plugin-stopped', message: expect.stringMatching(/does not run.*server\/index\.js.*Repair it/s) })
    expect(await codeOf(scene.admin.get('/api/hse-nothing/incident'))).toBe('not-found')
    const session = await scene.admin.get<Session>('/api/session')
    expect(session.plugins).toEqual([])
    expect(session.withheld).toEqual([{ id, name: expect.any(String), reason: expect.stringContaining('server/index.js') }])
    expect((await fetch(`${scene.platform.host.url}/health/ready`)).status).toBe(200)
    expect((await scene.admin.get<ModuleDetail>(`/api/modules/${id}`)).installed?.altered).toEqual({ entry: 'server/index.js' })
    await scene.restart(() => writeFile(join(folder, 'server/index.js'), before ?? ''))
    expect(await scene.installed(id)).toEqual({ version: '1.2.0', state: 'active', since: expect.any(String) })
    expect((await scene.admin.get<Session>('/api/session')).withheld).toBeUndefined()
  }, 60_000)
})

describe('while the host runs', () => {
  const asset = async (): Promise<Response> => {
    const { plugins: [plugin] } = await scene.admin.get<Session>('/api/session')
    return fetch(scene.platform.host.url + (plugin?.entry ?? ''))
  }

  test('a client file changed on disk is never served as changed, and shows as altered', async () => {
    await scene.restart()
    const { plugins: [plugin] } = await scene.admin.get<Session>('/api/session')
    const path = join(folder, (plugin?.entry ?? '').split('/').slice(5).join('/'))
    const before = await flip(path, 5)
    const refused = await asset()
    expect(refused.status).toBe(404)
    expect(refused.headers.get('cache-control') ?? '').not.toContain('immutable')
    expect(await scene.installed(id)).toMatchObject({ state: 'active', altered: { entry: path.slice(folder.length + 1) } })
    await writeFile(path, before)
    expect(Buffer.from(await (await asset()).arrayBuffer())).toEqual(before)
    await flip(path, 5)
    const kept = await asset()
    expect(kept.headers.get('content-type')).toMatch(/javascript/)
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(before)
    await writeFile(path, before)
  }, 30_000)
})
