import { hash } from 'node:crypto'
import type { TargetFile } from '@tufjs/models'
import { buildPublisher, buildRelease, buildTargets, describeFile, encodeMetadata, maxTargetsPerRole, signMetadata } from '@opsflux/registry-metadata'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { good, hello, other, past, Scene, stranger } from './scene.ts'
import { type TestArchive, type TestPublisher } from './testing.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
})
afterEach(() => scene[Symbol.asyncDispose]())

const released = (version: string, id = 'hello-notes'): TargetFile => buildRelease({ id, version, sdk: '^1.0.0', digest: hash('sha256', version, 'hex'), size: 10, publishedAt: new Date() })
const archived = (change: Partial<TestArchive> = {}): TestArchive => ({ version: 2, releases: [released('0.1.0')], ...change })
const offer = (archives: TestArchive[], change: Partial<NonNullable<TestPublisher['role']>> = {}, at = 6): void => {
  scene.registry.offer(scene.content({ targets: at, snapshot: at, timestamp: at, publishers: [scene.helloWith({ version: at, archives, ...change }), scene.other()] }))
}

describe('releases in archives', () => {
  test('are offered like the others, the newest first looked for in the publisher\'s own role', async () => {
    offer([archived(), archived({ releases: [released('0.2.0'), released('7.0.0', 'hello-others')] })])
    const client = scene.client()
    expect((await client.releases()).map(({ id, version }) => `${id} ${version}`)).toEqual(['hello-notes 1.0.0', 'hello-notes 0.1.0', 'hello-notes 0.2.0', 'hello-others 7.0.0'])
    expect(await client.release('hello-notes', '0.1.0')).toMatchObject({ publisher: 'hello' })
    expect((await client.latest('hello-others'))?.version).toBe('7.0.0')
  })

  test('come down and are judged like the others', async () => {
    offer([archived({ releases: [scene.release] })], { releases: [] })
    const client = scene.client()
    await client.download(await scene.known(client))
    expect(await scene.downloads()).toHaveLength(1)
  })

  test('are revoked from the publisher\'s own role', async () => {
    offer([archived({ releases: [scene.release] })], { releases: [], revoked: [{ id: 'hello-notes', version: '1.0.0', digest: hash('sha256', good, 'hex'), reason: 'Wrong.', at: new Date() }] })
    expect(await scene.client().releases()).toEqual([])
  })

  test('that are listed twice are as the publisher\'s own role lists them', async () => {
    offer([archived({ releases: [Object.assign(released('1.0.0'), { length: 999 })] })])
    expect(await scene.client().releases()).toMatchObject([{ version: '1.0.0', size: good.length }])
  })

  test('of somebody else are not offered', async () => {
    offer([archived({ releases: [released('1.0.0', 'other-notes'), released('1.0.0', 'nobody-notes')] })])
    expect((await scene.client().releases()).map(({ id }) => id)).toEqual(['hello-notes'])
  })
})

describe('a publisher is not believed when an archive', () => {
  test.each<[string, string, RegExp, TestArchive[]]>([
    ['is signed by a stranger', 'untrusted-release', /publisher-hello/, [archived({ signedBy: stranger })]],
    ['is signed by another publisher', 'untrusted-release', /publisher-hello/, [archived({ signedBy: other })]],
    ['has expired', 'metadata-expired', /publisher-hello/, [archived({ expires: past })]],
    ['is withheld', 'untrusted-release', /publisher-hello\.1/, [archived({ listed: false })]],
    ['stands in the place of another', 'untrusted-release', /another role/, [archived({ role: 'publisher-hello.2' }), archived()]],
    ['does not say what it is', 'untrusted-release', /another role/, [archived({ role: null })]],
    ['lists more than a role may', 'untrusted-release', /more than 500/, [archived({ releases: Array.from({ length: maxTargetsPerRole + 1 }, (_, at) => released(`0.0.${at}`)) })]],
  ])('%s', async (_, code, message, archives) => {
    offer(archives)
    const client = scene.client()
    await client.refresh()
    expect(await client.releases()).toEqual([])
    await expect(client.release('hello-notes', '1.0.0')).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    offer([archived({ version: 3 })], {}, 7)
    await client.refresh()
    expect(await client.releases()).toHaveLength(2)
  })

  test('goes back in time', async () => {
    offer([archived({ version: 5 })])
    const client = scene.client()
    await client.refresh()
    offer([archived({ version: 4 })], {}, 7)
    await client.refresh()
    await expect(client.release('hello-notes', '1.0.0')).rejects.toMatchObject({ code: 'untrusted-release', message: expect.stringMatching(/publisher-hello\.1 .*back in time/) })
  })

  test('stands in the place of the publisher\'s own role, where revocations would be missing', async () => {
    const archive = encodeMetadata(signMetadata(buildPublisher({ version: 6, expires: new Date(Date.now() + 86_400_000), releases: [scene.release], role: 'publisher-hello.1' }), [hello.privateKeyPem]))
    scene.registry.offer({ ...scene.content({ targets: 6, snapshot: 6, timestamp: 6 }), files: { 'publisher-hello': [describeFile(6, archive), archive] } })
    await expect(scene.client().release('hello-notes', '1.0.0')).rejects.toMatchObject({ code: 'untrusted-release', message: expect.stringMatching(/one of its archives/) })
  })
})

test.each([
  ['another publisher', 'other', ['other-']], ['its own id prefix by another name', 'hello.1', ['hello-']], ['nobody', '../x', ['hello-']],
])('a publisher that delegates to %s is not believed', async (_, name, prefixes) => {
  const expires = new Date(Date.now() + 86_400_000)
  const role = buildTargets({ version: 6, expires, publishers: [{ name, prefixes, publicKeys: [stranger.publicKeyPem] }] })
  const bytes = encodeMetadata(signMetadata(role, [hello.privateKeyPem]))
  scene.registry.offer({ ...scene.content({ targets: 6, snapshot: 6, timestamp: 6 }), files: { 'publisher-hello': [describeFile(6, bytes), bytes] } })
  const client = scene.client()
  await client.refresh()
  expect(await client.releases()).toEqual([])
  await expect(client.release('hello-notes', '1.0.0')).rejects.toMatchObject({ code: 'untrusted-release' })
})

test('an archive signed with a key that the registry took away is not believed, although the publisher still delegates to it', async () => {
  const { privateKeyPem } = hello
  const expires = new Date(Date.now() + 86_400_000)
  const publisher = { name: 'hello', prefixes: ['hello-'], publicKeys: [stranger.publicKeyPem] }
  const main = encodeMetadata(signMetadata(buildPublisher({ version: 6, expires, releases: [scene.release], archives: { publisher, count: 1 } }), [privateKeyPem]))
  const archive = encodeMetadata(signMetadata(buildPublisher({ version: 1, expires, releases: [released('0.1.0')], role: 'publisher-hello.1' }), [stranger.privateKeyPem]))
  scene.registry.offer({ ...scene.content({ targets: 6, snapshot: 6, timestamp: 6 }), files: { 'publisher-hello': [describeFile(6, main), main], 'publisher-hello.1': [describeFile(1, archive), archive] } })
  await expect(scene.client().release('hello-notes', '1.0.0')).rejects.toMatchObject({ code: 'untrusted-release' })
})

test('2,000 releases of one publisher are read', async () => {
  const versions = (from: number): TargetFile[] => Array.from({ length: 500 }, (_, at) => released(`0.${from}.${at}`))
  offer([archived({ releases: versions(1) }), archived({ releases: versions(2) }), archived({ releases: versions(3) })], { releases: versions(4) })
  const client = scene.client()
  await client.refresh()
  expect(await client.releases()).toHaveLength(2_000)
})
