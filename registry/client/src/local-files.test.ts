import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, readdir, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rootOf, makeKeys } from './testing.ts'
import { keys, Scene } from './scene.ts'
import { FileVersionStore } from './version-store.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
  // A second root, so that the chain of roots is among the files.
  const next = { ...makeKeys(), targets: keys.targets, snapshot: keys.snapshot, timestamp: keys.timestamp }
  scene.registry.files.set('/metadata/2.root.json', rootOf(next, { version: 2, signedBy: [keys.root, next.root] }))
  await scene.client().refresh()
})
afterEach(() => scene[Symbol.asyncDispose]())

const elsewhere = (): FileVersionStore => new FileVersionStore(join(scene.folder.path, 'elsewhere'))
const run = promisify(execFile)
const files = ['2.root.json', '5.publisher-hello.json', '5.snapshot.json', '5.targets.json', 'timestamp.json', '../versions.json']

type Damage = (path: string) => Promise<unknown>
const damages: Record<string, Damage> = {
  'is empty': (path) => truncate(path, 0),
  'is cut short': async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
  'lacks its last byte': async (path) => truncate(path, (await stat(path)).size - 2),
  'is zeros': async (path) => writeFile(path, Buffer.alloc((await stat(path)).size)),
  'is garbage': (path) => writeFile(path, Buffer.from([0xff, 0x00, 0x7b])),
  'is another one': (path) => cp(join(scene.cache('metadata'), path.includes('snapshot') ? '5.targets.json' : '5.snapshot.json'), path),
  'is immense': (path) => truncate(path, 3_000_000_000),
  'is gone': (path) => rm(path),
  'is a folder': async (path) => { await rm(path); await mkdir(join(path, 'x'), { recursive: true }) },
  'is a link to itself': async (path) => { await rm(path); await symlink(path, path) },
  'is a link to nowhere': async (path) => { await rm(path); await symlink('/nowhere/x', path) },
  'is a link to an endless device': async (path) => { await rm(path); await symlink('/dev/zero', path) },
  'is a pipe': async (path) => { await rm(path); await run('mkfifo', [path]) },
  'may not be read': (path) => chmod(path, 0),
}

describe.each(files)('when %s', (file) => {
  test.each(Object.keys(damages))('%s, the registry is read and nothing goes back', async (damage) => {
    await scene.client({ versions: elsewhere() }).refresh()
    await damages[damage]?.(join(scene.cache('metadata'), file))
    const client = scene.client({ versions: elsewhere() })
    expect(await client.releases()).toHaveLength(1)
    await client.refresh()
    expect(await scene.client().releases()).toHaveLength(1)
    scene.registry.offer(scene.content({ timestamp: 4, snapshot: 4 }))
    await expect(scene.client({ versions: elsewhere() }).refresh()).rejects.toMatchObject({ code: 'untrusted-release', message: expect.stringMatching(/back in time/) })
    scene.registry.offer(scene.content({ timestamp: 6, snapshot: 6 }))
    await scene.client({ versions: elsewhere() }).refresh()
  })
})

describe('when the folder', () => {
  const works = async (): Promise<void> => {
    const client = scene.client({ versions: elsewhere() })
    await client.refresh()
    expect(await client.releases()).toHaveLength(1)
  }

  test.each<[string, () => Promise<unknown>]>([
    ['is gone', () => rm(scene.cache(), { recursive: true })],
    ['is a file', async () => { await rm(scene.cache('metadata'), { recursive: true }); await writeFile(scene.cache('metadata'), 'x') }],
    ['cannot be made', async () => { await rm(scene.cache(), { recursive: true }); await writeFile(scene.cache(), 'x') }],
    ['is read-only', () => chmod(scene.cache('metadata'), 0o555)],
    ['is a link', async () => { await rename(scene.cache('metadata'), scene.cache('moved')); await symlink(scene.cache('moved'), scene.cache('metadata')) }],
    ['is full of what crashes left', () => Promise.all(Array.from({ length: 50 }, (_, at) => writeFile(scene.cache('metadata', `.timestamp.json.${at}.tmp`), 'torn')))],
    ['has files of roles that nobody has', () => Promise.all(['9.publisher-x.1.json', '1.__proto__.json', 'x.json', '99999999999999999999.root.json'].map((name) => writeFile(scene.cache('metadata', name), '{}')))],
  ])('%s, the registry is read all the same', async (_, damage) => {
    await damage()
    await works()
    await works()
    await chmod(scene.cache('metadata'), 0o755).catch(() => {})
  })

  test('has old files, they are removed; young ones and all roots stay', async () => {
    const before = new Date(Date.now() - 7_200_000)
    const names = ['3.snapshot.json', '4.publisher-hello.json', '.timestamp.json.x.tmp', '1.root.json']
    for (const name of names) {
      await writeFile(scene.cache('metadata', name), 'old')
      await utimes(scene.cache('metadata', name), before, before)
    }
    await writeFile(scene.cache('metadata', '4.snapshot.json'), 'young')
    await works()
    expect((await readdir(scene.cache('metadata'))).toSorted()).toEqual(['1.root.json', '2.root.json', '4.snapshot.json', '5.publisher-hello.json', '5.snapshot.json', '5.targets.json', 'timestamp.json'])
  })
})

test('two hosts that share the folder, one a step behind, disturb each other no more than that', async () => {
  const [one, other] = [scene.client(), scene.client()]
  await Promise.all([one.refresh(), other.refresh()])
  for (let at = 6; at < 12; at += 1) {
    scene.registry.offer(scene.content({ targets: at, snapshot: at, timestamp: at, publishers: [scene.helloWith({ version: at })] }))
    await Promise.all([one.refresh(), other.refresh(), scene.client().refresh()])
  }
  expect([await one.releases(), await other.releases()].map((all) => all.length)).toEqual([1, 1])
})

test('two hosts that share the folder download the same release, and one moves its own away', async () => {
  const [one, other] = [scene.client(), scene.client()]
  const release = await scene.known(one)
  const paths = await Promise.all([one, other, one, other].map((client) => client.download(release).then(async (path) => { await rm(path); return path })))
  expect(new Set(paths).size).toBe(4)
})

describe('a walk that breaks off', () => {
  test.each(['snapshot', 'targets', 'publisher-hello'])('at %s leaves what was kept whole: it serves after a restart without the registry', async (role) => {
    scene.registry.offer(scene.content({ targets: 6, snapshot: 6, timestamp: 6, publishers: [scene.helloWith({ version: 6 })] }))
    scene.registry.files.delete(`/metadata/6.${role}.json`)
    const versions = elsewhere()
    await expect(scene.client({ versions }).refresh()).rejects.toMatchObject({ code: 'registry-unreachable' })
    await scene.registry.stop()
    expect(await scene.client({ versions }).releases()).toHaveLength(1)
  })
})

describe('a host that is killed while it reads', () => {
  const child = fileURLToPath(new URL('./testing-walker.ts', import.meta.url))

  // Each file is written beside its place, flushed and renamed; the kill comes when the request of that file is answered, or the next one.
  test.each(['2.root.json', 'timestamp.json', '6.snapshot.json', '6.targets.json', '6.publisher-hello.json', 'nothing'])('at %s reads on afterwards, and goes back nowhere', async (file) => {
    scene.registry.offer(scene.content({ targets: 6, snapshot: 6, timestamp: 6, publishers: [scene.helloWith({ version: 6 })] }))
    const walker = fork(child, { stdio: 'ignore' })
    scene.registry.intercept = (path) => { if (path.endsWith(file)) setImmediate(() => walker.kill('SIGKILL')); return false }
    walker.on('message', () => { walker.kill('SIGKILL') })
    walker.send({ url: scene.registry.url, root: rootOf(keys).toString(), cacheDir: scene.cache() })
    await once(walker, 'exit')
    scene.registry.intercept = () => false
    const client = scene.client()
    expect(await client.releases()).toHaveLength(1)
    await client.refresh()
    scene.registry.offer(scene.content({ timestamp: 5, snapshot: 5 }))
    await expect(scene.client().refresh()).rejects.toMatchObject({ code: 'untrusted-release' })
  })
})
