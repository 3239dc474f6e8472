import { readFile } from 'node:fs/promises'
import type { ErrorCode } from '@opsflux/sdk'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPackage } from './package/open-package.ts'
import { good, hello, inAnHour, other, past, Scene, stranger, travel } from './scene.ts'
import { signedPackage, type Content, type TestPublisher, type TestRegistry } from './testing.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
})
afterEach(() => scene[Symbol.asyncDispose]())

const refusal = (code: ErrorCode, message = /./): object => ({ code, message: expect.stringMatching(message) })

describe('a release', () => {
  test('is listed with what its publisher signed, and comes down byte for byte', async () => {
    const client = scene.client()
    await client.refresh()
    expect(await client.releases()).toMatchObject([{ id: 'hello-notes', version: '1.0.0', publisher: 'hello', sdk: '^1.0.0', size: good.length }])
    expect(await readFile(await client.download(await scene.known(client)))).toEqual(good)
    expect(await client.publishersFor('hello-notes')).toMatchObject([{ name: 'hello', keys: [{ keyid: hello.keyid }] }])
    expect(await client.publishersFor('nobody-notes')).toEqual([])
  })

  test('is the latest when it runs on the SDK and is no pre-release, unless there is nothing else', async () => {
    const named = (version: string) => scene.registry.addPackage(good, { version })
    scene.registry.offer(scene.content({ publishers: [scene.helloWith({ releases: ['1.10.0', '1.9.0', '2.0.0-beta.1'].map(named) })] }))
    expect((await scene.client().latest('hello-notes'))?.version).toBe('1.10.0')
    expect(await scene.client().latest('hello-notes', '2.0.0')).toBeUndefined()
    scene.registry.offer(scene.content({ timestamp: 6, snapshot: 6, publishers: [scene.helloWith({ version: 6, releases: [named('2.0.0-beta.1')] })] }))
    const client = scene.client()
    await client.refresh()
    expect((await client.latest('hello-notes'))?.version).toBe('2.0.0-beta.1')
  })
})

describe('a download is refused and nothing of it is kept', () => {
  const served = (): string => [...scene.registry.files.keys()].find((path) => path.startsWith('/targets/')) ?? ''
  const altered = (): Buffer => Buffer.from(good).fill(0, 100, 101)

  test.each<[string, RegExp, () => Buffer]>([
    ['with one byte altered', /SHA-256/, altered],
    ['longer than signed', /larger than/, () => Buffer.concat([good, Buffer.alloc(1)])],
    ['cut short', /ended after/, () => good.subarray(0, -1)],
    ['empty', /ended after 0/, () => Buffer.alloc(0)],
  ])('%s', async (_, message, bytes) => {
    const client = scene.client()
    await client.refresh()
    scene.registry.files.set(served(), bytes())
    await expect(client.download(await scene.known(client))).rejects.toMatchObject(refusal('untrusted-release', message))
    expect(await scene.downloads()).toEqual([])
  })

  test('that goes on for ever, as soon as it is longer than signed', async () => {
    const client = scene.client()
    await client.refresh()
    scene.registry.intercept = (path, response) => path === served() && response.write(Buffer.concat([good, good]))
    await expect(client.download(await scene.known(client))).rejects.toMatchObject(refusal('untrusted-release', /larger than/))
    expect(await scene.downloads()).toEqual([])
  })

  test('that is not there, is elsewhere, breaks off or never ends', async () => {
    const client = scene.client({ timeoutMs: 400 })
    await client.refresh()
    const wanted = await scene.known(client)
    scene.registry.files.set('/elsewhere', good)
    const answers: ((response: Parameters<TestRegistry['intercept']>[1]) => unknown)[] = [
      (response) => response.writeHead(404).end(),
      (response) => response.writeHead(500).end(),
      (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      (response) => { response.writeHead(200, { 'content-length': good.length }).write(good.subarray(0, 10)); response.destroy() },
      (response) => response.writeHead(200).write(good.subarray(0, 10)),
    ]
    for (const answer of answers) {
      scene.registry.intercept = (path, response) => path === served() && (answer(response), true)
      await expect(client.download(wanted)).rejects.toMatchObject(refusal('registry-unreachable'))
    }
    expect(await scene.downloads()).toEqual([])
  })

  test('that is another package than its path says', async () => {
    scene.release = scene.registry.addPackage(good, { version: '1.0.1' })
    scene.registry.offer(scene.content())
    const client = scene.client()
    await expect(client.download(await client.latest('hello-notes') ?? await scene.known(client))).rejects.toMatchObject(refusal('untrusted-release', /says it is hello-notes 1\.0\.0/))
    expect(await scene.downloads()).toEqual([])
  })

  test('whose manifest is signed by somebody else, although its publisher lists it', async () => {
    scene.release = scene.registry.addPackage(signedPackage(stranger))
    scene.registry.offer(scene.content())
    const client = scene.client()
    await expect(client.download(await scene.known(client))).rejects.toMatchObject(refusal('untrusted-release', /not signed by its publisher/))
    expect(await scene.downloads()).toEqual([])
  })

  test('that the caller made up', async () => {
    const client = scene.client()
    await expect(client.download({ ...await scene.known(client), digest: '0'.repeat(64) })).rejects.toMatchObject(refusal('untrusted-release'))
    await expect(client.download({ ...await scene.known(client), version: '9.9.9' })).rejects.toMatchObject(refusal('untrusted-release'))
  })
})

describe('a package from a file', () => {
  const check = async (bytes: Buffer): Promise<{ publisher: string }> => scene.client().verifyPackage(await openPackage(await scene.folder.save('file.tgz', bytes)))

  test('is trusted when the publisher of its id signed it', async () => {
    expect(await check(good)).toEqual({ publisher: 'hello' })
  })

  test.each<[string, RegExp, () => Buffer]>([
    ['of an id nobody owns', /No publisher/, () => signedPackage(hello, { id: 'nobody-notes' })],
    ['that says another publisher', /belongs to the publisher hello/, () => signedPackage(other, { publisher: 'other' })],
    ['outside the prefix of the publisher that signed it', /belongs to the publisher other/, () => signedPackage(hello, { id: 'other-notes' })],
    ['signed by a stranger in its publisher\'s name', /not signed by its publisher/, () => signedPackage(stranger)],
  ])('%s is refused', async (_, message, bytes) => {
    await expect(check(bytes())).rejects.toMatchObject(refusal('untrusted-release', message))
  })
})

describe('one publisher at fault', () => {
  const withOther = (publisher: TestPublisher): Content => {
    const role = { version: 1, releases: [scene.registry.addPackage(signedPackage(other, { id: 'other-notes', publisher: 'other' }), { id: 'other-notes' })] }
    return scene.content({ publishers: [publisher, { ...scene.other(), role }] })
  }

  test.each<[string, ErrorCode, () => TestPublisher]>([
    ['signed by a stranger', 'untrusted-release', () => scene.helloWith({ signedBy: stranger })],
    ['signed by another publisher', 'untrusted-release', () => scene.helloWith({ signedBy: other })],
    ['that has expired', 'metadata-expired', () => scene.helloWith({ expires: past })],
  ])('with metadata %s takes nothing away from the others', async (_, code, make) => {
    scene.registry.offer(withOther(make()))
    const client = scene.client()
    await client.refresh()
    expect((await client.releases()).map((one) => one.id)).toEqual(['other-notes'])
    await expect(client.release('hello-notes', '1.0.0')).rejects.toMatchObject(refusal(code))
  })

  test('cannot offer an id of another, or of nobody', async () => {
    const stolen = [scene.registry.addPackage(good, { id: 'other-extra' }), scene.registry.addPackage(good, { id: 'nobody-notes' }), scene.release]
    scene.registry.offer(withOther(scene.helloWith({ releases: stolen })))
    expect((await scene.client().releases()).map((one) => [one.publisher, one.id])).toEqual([['hello', 'hello-notes'], ['other', 'other-notes']])
  })

  test('whose metadata runs out after it was read offers nothing more, although the rest holds', async () => {
    scene.registry.offer(withOther(scene.helloWith({ expires: inAnHour() })))
    const client = scene.client()
    await client.refresh()
    const release = await scene.known(client)
    travel(2)
    await expect(client.download(release)).rejects.toMatchObject(refusal('metadata-expired', /hello/))
    expect(await client.release('other-notes', '1.0.0')).toBeDefined()
  })

  test('cannot vanish from the snapshot once it was seen', async () => {
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content({ timestamp: 6, snapshot: 6, publishers: [scene.helloWith({ listed: false })] }))
    await client.refresh()
    await expect(client.latest('hello-notes')).rejects.toMatchObject(refusal('untrusted-release'))
  })
})
