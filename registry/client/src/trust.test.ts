import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Metadata, Signature } from '@tufjs/models'
import { parseTimestamp, signBytes } from '@opsflux/registry-metadata'
import type { ErrorCode } from '@opsflux/sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPackage } from './package/open-package.ts'
import { good, keys, past, Scene, stranger, travel } from './scene.ts'
import { makeKeys, rootOf, type Content } from './testing.ts'
import { FileVersionStore } from './version-store.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
})
afterEach(() => scene[Symbol.asyncDispose]())

const refusal = (code: ErrorCode, message = /./): object => ({ code, message: expect.stringMatching(message) })

describe('metadata is refused', () => {
  test.each(['timestamp', 'snapshot', 'targets'] as const)('when the %s is signed by a stranger', async (role) => {
    scene.registry.offer(scene.content({ signedBy: { [role]: stranger } }))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release', new RegExp(role)))
  })

  test.each(['timestamp', 'snapshot', 'targets'] as const)('when the %s has expired', async (role) => {
    scene.registry.offer(scene.content({ expires: { [role]: past } }))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('metadata-expired'))
  })

  test('when the root has expired', async () => {
    await expect(scene.client({ root: rootOf(keys, { expires: past }) }).refresh()).rejects.toMatchObject(refusal('metadata-expired'))
  })

  test.each(['never', '2999', '2999-01-01', '2999-02-30T00:00:00Z', '2999-01-01T00:00:00.5Z', ''])('when its expiry is %j, although it is signed', async (expires) => {
    const timestamp = parseTimestamp(scene.registry.files.get('/metadata/timestamp.json') ?? Buffer.alloc(0))
    const lying = new Metadata(Object.assign(Object.create(timestamp.signed) as typeof timestamp.signed, { toJSON: () => ({ ...timestamp.signed.toJSON(), expires }) }))
    lying.sign((bytes) => new Signature({ keyID: keys.timestamp.keyid, sig: signBytes(keys.timestamp.privateKeyPem, bytes) }))
    scene.registry.files.set('/metadata/timestamp.json', Buffer.from(JSON.stringify(lying.toJSON())))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release', /expiry/))
  })

  test.each(['<html>', '', '{}', '[]', 'null', '{"signed":{},"signatures":[]}'])('when it is %j', async (text) => {
    scene.registry.files.set('/metadata/timestamp.json', Buffer.from(text))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release'))
  })

  test('when it is endless', async () => {
    scene.registry.files.set('/metadata/timestamp.json', Buffer.alloc(20_000, 0x20))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('registry-unreachable', /more than 16384 bytes/))
  })

  test('when a file is not the one the snapshot describes', async () => {
    const before = scene.registry.files.get('/metadata/5.targets.json') ?? Buffer.alloc(0)
    scene.registry.files.set('/metadata/5.targets.json', Buffer.concat([before, Buffer.from(' ')]))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release', /targets/))
  })

  test('when the pinned root is none', async () => {
    await expect(scene.client({ root: Buffer.from('{}') }).refresh()).rejects.toMatchObject(refusal('untrusted-release', /root/))
    await expect(scene.client({ root: rootOf(keys, { signedBy: [stranger] }) }).refresh()).rejects.toMatchObject(refusal('untrusted-release', /root/))
  })
})

describe('going back in time is refused', () => {
  const older: [string, Partial<Content>][] = [
    ['the timestamp', { timestamp: 4 }],
    ['the snapshot', { timestamp: 6, snapshot: 4 }],
    ['the targets', { timestamp: 6, snapshot: 6, targets: 4 }],
  ]

  test.each(older)('of %s', async (_, change) => {
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content(change))
    await expect(client.refresh()).rejects.toMatchObject(refusal('untrusted-release', /goes back in time/))
    expect((await client.releases()).map((one) => one.version)).toEqual(['1.0.0'])
  })

  test.each(older)('of %s after the local files are lost, by what the version store remembers', async (_, change) => {
    const versions = new FileVersionStore(join(scene.folder.path, 'elsewhere'))
    await scene.client({ versions }).refresh()
    await rm(scene.cache(), { recursive: true })
    scene.registry.offer(scene.content(change))
    await expect(scene.client({ versions: new FileVersionStore(join(scene.folder.path, 'elsewhere')) }).refresh()).rejects.toMatchObject(refusal('untrusted-release', /goes back in time/))
  })

  test('of a publisher\'s own metadata', async () => {
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content({ timestamp: 6, snapshot: 6, publishers: [scene.helloWith({ version: 4 })] }))
    await client.refresh()
    await expect(client.latest('hello-notes')).rejects.toMatchObject(refusal('untrusted-release', /goes back in time/))
  })

  test.each(['', '{', '{"timestamp@', 'null', '[]'])('when the version store was torn to %j, by the timestamp that was kept', async (torn) => {
    await scene.client().refresh()
    await writeFile(scene.cache('versions.json'), torn)
    scene.registry.offer(scene.content({ timestamp: 4 }))
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release', /goes back in time/))
  })
})

describe('local files', () => {
  test('that are torn, empty, foreign or gone are fetched again and brick nothing', async () => {
    await scene.client().refresh()
    const cache = scene.cache('metadata')
    const damages = [(path: string) => truncate(path, 20), (path: string) => truncate(path, 0), (path: string) => writeFile(path, '{"signed":{}}'), (path: string) => rm(path)]
    for (const name of await readdir(cache)) {
      for (const damage of damages) {
        await damage(join(cache, name))
        const client = scene.client()
        await client.refresh()
        expect(await client.releases()).toHaveLength(1)
        expect((await readFile(join(cache, name))).equals(scene.registry.files.get(`/metadata/${name}`) ?? Buffer.alloc(0))).toBe(true)
      }
    }
  })

  test('are enough to judge and list while the registry is away; only refresh and download fail', async () => {
    await scene.client().refresh()
    await scene.registry.stop()
    const client = scene.client()
    expect(await client.verifyPackage(await openPackage(await scene.folder.save('file.tgz', good)))).toEqual({ publisher: 'hello' })
    expect(await client.releases()).toHaveLength(1)
    await expect(client.refresh()).rejects.toMatchObject(refusal('registry-unreachable', /keeps running/))
    await expect(client.download(await scene.known(client))).rejects.toMatchObject(refusal('registry-unreachable'))
    expect(await client.releases()).toHaveLength(1)
  })

  test('never read, and no registry: nothing can be judged', async () => {
    await scene.registry.stop()
    await expect(scene.client().releases()).rejects.toMatchObject(refusal('registry-unreachable'))
  })

  test('that have expired are renewed by themselves, and say so while the registry is away', async () => {
    await scene.client().refresh()
    const kept = scene.cache('metadata/timestamp.json')
    scene.registry.offer(scene.content({ timestamp: 6, expires: { timestamp: past } }))
    await writeFile(kept, scene.registry.files.get('/metadata/timestamp.json') ?? '')
    await scene.registry.stop()
    await expect(scene.client().releases()).rejects.toMatchObject(refusal('metadata-expired'))
    scene.registry.offer(scene.content({ timestamp: 7 }))
    await scene.registry.start()
    expect(await scene.client().releases()).toHaveLength(1)
  })

  test('in memory that have expired are renewed as well', async () => {
    const client = scene.client()
    await client.refresh()
    await scene.registry.stop()
    travel(48)
    await expect(client.releases()).rejects.toMatchObject(refusal('metadata-expired'))
    scene.registry.offer(scene.content({ targets: 6, snapshot: 6, timestamp: 6, publishers: [scene.helloWith({ version: 6 })] }))
    await scene.registry.start()
    expect(await client.releases()).toHaveLength(1)
  })

  test('are not replaced by a walk that breaks off at a publisher', async () => {
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content({ timestamp: 6, snapshot: 6, publishers: [scene.helloWith({ version: 6 })] }))
    scene.registry.files.delete('/metadata/6.publisher-hello.json')
    await expect(client.refresh()).rejects.toMatchObject(refusal('registry-unreachable', /6\.publisher-hello/))
    expect(await client.releases()).toHaveLength(1)
  })
})

describe('a root', () => {
  const next = { ...makeKeys(), targets: keys.targets, snapshot: keys.snapshot }

  test('is followed to its successor, which ends a fast-forward by stolen online keys', async () => {
    scene.registry.offer(scene.content({ timestamp: 1_000_000 }))
    const client = scene.client()
    await client.refresh()
    scene.registry.files.set('/metadata/2.root.json', rootOf(next, { version: 2, signedBy: [keys.root, next.root] }))
    scene.registry.offer(scene.content({ keys: next, timestamp: 6, snapshot: 6 }))
    await client.refresh()
    expect(await client.releases()).toHaveLength(1)
  })

  test.each<[string, () => Buffer]>([
    ['the old keys did not sign', () => rootOf(next, { version: 2, signedBy: [next.root] })],
    ['its own keys did not sign', () => rootOf(next, { version: 2, signedBy: [keys.root] })],
    ['skips a version', () => rootOf(next, { version: 3, signedBy: [keys.root, next.root] })],
  ])('is not followed to a successor that %s', async (_, bytes) => {
    scene.registry.files.set('/metadata/2.root.json', bytes())
    await expect(scene.client().refresh()).rejects.toMatchObject(refusal('untrusted-release', /root/))
  })

  test('that was followed cannot be taken back', async () => {
    const versions = new FileVersionStore(join(scene.folder.path, 'elsewhere'))
    scene.registry.files.set('/metadata/2.root.json', rootOf(next, { version: 2, signedBy: [keys.root, next.root] }))
    scene.registry.offer(scene.content({ keys: next }))
    await scene.client({ versions }).refresh()
    await rm(scene.cache(), { recursive: true })
    scene.registry.files.delete('/metadata/2.root.json')
    scene.registry.offer(scene.content())
    await expect(scene.client({ versions }).refresh()).rejects.toMatchObject(refusal('untrusted-release', /root .* goes back in time/))
  })
})
