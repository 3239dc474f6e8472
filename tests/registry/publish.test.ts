import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPackage } from '@opsflux/registry-client'
import { buildPublisher, buildRelease, buildTargets, encodeMetadata, generateKeyPair, secondsAfter, signMetadata } from '@opsflux/registry-metadata'
import { afterEach, describe, expect, test } from 'vitest'
import { runScript } from '../setup/child.ts'
import { registryForEach } from './registry-for-each.ts'

const scene = registryForEach()

const offered = async (): Promise<string[]> => {
  await scene.client.refresh()
  return (await scene.client.releases()).map((release) => `${release.id} ${release.version}`)
}
const day = 86_400
const tomorrow = (): Date => secondsAfter(new Date(), day)
/** A first role of the scene.publisher, rightly signed. */
const signed = (releases: ReturnType<typeof buildRelease>[]): Record<string, object> => {
  const role = signMetadata(buildPublisher({ version: 1, expires: tomorrow(), releases }), [scene.packages.key.privateKeyPem])
  return JSON.parse(encodeMetadata(role).toString()) as Record<string, object>
}

describe('a published release', () => {
  test('is offered to hosts and comes down as it was built', async () => {
    expect(await offered()).toEqual([])
    await scene.publisher.publish(scene.first.path)
    expect(await offered()).toEqual(['hello-notes 1.0.0'])
    const [release] = await scene.client.releases()
    if (!release) throw new Error('nothing is offered')
    const path = await scene.client.download(release)
    expect((await openPackage(path)).digest).toBe(scene.first.digest)
    expect(release).toMatchObject({ publisher: 'hello', digest: scene.first.digest, size: (await readFile(scene.first.path)).length })
  })

  test('published again changes nothing', async () => {
    await scene.publisher.publish(scene.first.path)
    expect(await scene.publisher.publish(scene.first.path)).toMatchObject({ published: false })
    const answer = await (await fetch(`${scene.registry.url}/api/publishers/hello`)).json()
    expect(answer).toMatchObject({ name: 'hello', prefixes: ['hello-'], keyids: [scene.packages.key.keyid], metadata: { signed: { version: 1 } } })
  })

  test('finds room when strangers have filled theirs with uploads', async () => {
    await mkdir(join(scene.repository.home, 'uploads'))
    for (let at = 0; at < 50; at += 1) await writeFile(join(scene.repository.home, 'uploads', `${at}.tgz`), '')
    await expect(scene.publisher.upload(scene.first.path)).rejects.toThrow('429')
    await scene.publisher.publish(scene.first.path)
    expect(await offered()).toEqual(['hello-notes 1.0.0'])
    const forged = { 'x-opsflux-publisher': 'hello', 'x-opsflux-signature': '0'.repeat(128) }
    expect((await fetch(`${scene.registry.url}/api/uploads/${scene.first.digest}`, { method: 'PUT', headers: forged, body: new Uint8Array(1) })).status).toBe(429)
  })

  test('stays when its publisher signs again to prolong it', async () => {
    await scene.publisher.publish(scene.first.path)
    expect(await scene.publisher.offer([])).toMatchObject({ status: 201, problem: { version: 2 } })
    expect(await offered()).toEqual(['hello-notes 1.0.0'])
  })

  test('of several published at once, none is lost', async () => {
    const built = [scene.first, scene.second, await scene.packages.build('1.2.0')]
    await Promise.all(built.map(({ path }) => scene.publisher.publish(path)))
    expect((await offered()).toSorted()).toEqual(['hello-notes 1.0.0', 'hello-notes 1.1.0', 'hello-notes 1.2.0'])
  })

  test('of two offered on top of the same state, the later is told so', async () => {
    const [one, other] = [await scene.publisher.upload(scene.first.path), await scene.publisher.upload(scene.second.path)]
    const answers = await Promise.all([scene.publisher.offer([one], { version: 1 }), scene.publisher.offer([{ ...other, version: '1.1.0' }], { version: 1 })])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
    expect(answers.find(({ status }) => status === 409)?.problem.code).toBe('conflict')
    expect(await offered()).toHaveLength(1)
  })

  test('is not disturbed by a publisher that is added while the registry runs, and who is known at once', async () => {
    const key = generateKeyPair()
    const keyFile = join(scene.repository.home, 'other.public.pem')
    await writeFile(keyFile, key.publicKeyPem)
    const command = ['registry', 'publisher', 'add', '--home', scene.repository.home, '--name', 'other', '--prefix', 'other-', '--key', keyFile]
    for (const _ of ['first', 'again']) await runScript('sdk/cli/bin/opsflux.mjs', command)
    expect(await (await fetch(`${scene.registry.url}/api/publishers/other`)).json()).toEqual({ name: 'other', prefixes: ['other-'], keyids: [key.keyid], metadata: null })
    await scene.publisher.publish(scene.first.path)
    expect(await offered()).toEqual(['hello-notes 1.0.0'])
  })
})

describe('a release is refused', () => {
  afterEach(async () => {
    await scene.client.refresh()
    expect((await scene.client.releases()).map(({ version }) => version)).toEqual([])
  })

  test('of a publisher that is not known', async () => {
    expect(await scene.publisher.post({}, 'nobody')).toMatchObject({ status: 422, problem: { code: 'untrusted-release' } })
    expect(await scene.publisher.post(signed([]), 'nobody')).toMatchObject({ status: 404, problem: { code: 'not-found' } })
  })

  test('signed with a key that is not its publisher\'s', async () => {
    const release = await scene.publisher.upload(scene.first.path)
    expect(await scene.publisher.offer([release], { key: generateKeyPair() })).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('not signed') } })
  })

  test('when its metadata was changed after it was signed', async () => {
    const role = signed([buildRelease(await scene.publisher.upload(scene.first.path))])
    const changed = { ...role, signed: { ...role.signed, expires: '2027-01-01T00:00:00Z' } }
    expect(await scene.publisher.post(changed)).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('not signed') } })
  })

  test.each([0, 2, 7])('when its metadata has version %i and not the next', async (version) => {
    const release = await scene.publisher.upload(scene.first.path)
    expect((await scene.publisher.offer([release], { version })).problem.code).toBe(version === 0 ? 'untrusted-release' : 'conflict')
  })

  test.each([['is over', -day], ['is more than two years away', 733 * day]])('when its expiry %s', async (_, seconds) => {
    const release = await scene.publisher.upload(scene.first.path)
    expect(await scene.publisher.offer([release], { expires: secondsAfter(new Date(), seconds) })).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringMatching(/expired|two years/) } })
  })

  test('when its id belongs to another', async () => {
    const release = await scene.publisher.upload(scene.first.path)
    expect(await scene.publisher.offer([{ ...release, id: 'hse-reports' }])).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('does not belong to the publisher hello') } })
  })

  test.each(['../../etc/passwd', 'hello-notes/hello-notes-1.0.0.zip', 'hello-notes/x/hello-notes-1.0.0.tgz', 'hello-notes/hello-notes-1.0.tgz'])('at the path %s', async (path) => {
    const release = Object.assign(buildRelease(await scene.publisher.upload(scene.first.path)), { path })
    expect(await scene.publisher.post(signed([release]))).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('its path') } })
  })

  test('when its package was not uploaded', async () => {
    const release = { id: 'hello-notes', version: '1.0.0', sdk: '^1.0.0', digest: 'a'.repeat(64), size: 100, publishedAt: new Date() }
    expect(await scene.publisher.offer([release])).toMatchObject({ status: 422, problem: { code: 'package-refused', reason: 'not-a-file' } })
  })

  test('when its package has another length', async () => {
    const release = await scene.publisher.upload(scene.first.path)
    expect((await scene.publisher.offer([{ ...release, size: release.size + 1 }])).problem).toMatchObject({ code: 'untrusted-release', detail: expect.stringContaining('another size') })
  })

  test('when its package is of another version or id', async () => {
    const release = await scene.publisher.upload(scene.first.path)
    for (const other of [{ ...release, version: '9.0.0' }, { ...release, id: 'hello-others' }]) {
      expect((await scene.publisher.offer([other])).problem).toMatchObject({ code: 'untrusted-release', detail: expect.stringContaining('says it is hello-notes 1.0.0') })
    }
  })

  test('when its package is for another SDK than it says', async () => {
    const release = await scene.publisher.upload(scene.first.path)
    expect((await scene.publisher.offer([{ ...release, sdk: '>=0.0.1' }])).problem).toMatchObject({ code: 'untrusted-release', detail: expect.stringContaining('SDK') })
  })

  test('when its package is not signed', async () => {
    const { path } = await scene.packages.build('1.0.0', { privateKeyPem: null })
    expect((await scene.publisher.offer([await scene.publisher.upload(path)])).problem).toMatchObject({ code: 'package-refused', reason: 'signature-missing' })
  })

  test('when its package is signed by somebody else', async () => {
    const { path } = await scene.packages.build('1.0.0', { privateKeyPem: generateKeyPair().privateKeyPem })
    expect((await scene.publisher.offer([await scene.publisher.upload(path)])).problem).toMatchObject({ code: 'package-refused', reason: 'signature-wrong' })
  })

  test('when its package cannot be opened', async () => {
    const release = await scene.publisher.upload(join(scene.repository.home, 'root.json'))
    expect((await scene.publisher.offer([release])).problem).toMatchObject({ code: 'package-refused', reason: 'not-gzip' })
  })

  test('when its publisher delegates to others', async () => {
    const role = buildTargets({ version: 1, expires: tomorrow(), publishers: [{ name: 'friend', prefixes: ['hello-'], publicKeys: [scene.packages.key.publicKeyPem] }] })
    expect(await scene.publisher.post(signMetadata(role, [scene.packages.key.privateKeyPem]).toJSON())).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('delegate') } })
  })

  test.each([null, 7, 'text', [], {}, { signed: { _type: 'root' } }])('when its metadata is %j', async (metadata) => {
    expect(await scene.publisher.post(metadata)).toMatchObject({ status: 422, problem: { code: 'untrusted-release' } })
  })
})

describe('what is published stays as it is', () => {
  test('a release is not left out', async () => {
    await scene.publisher.publish(scene.first.path)
    expect(await scene.publisher.offer([], { keep: false })).toMatchObject({ status: 409, problem: { code: 'conflict' } })
    expect(await offered()).toEqual(['hello-notes 1.0.0'])
  })

  test('a release gets no other content, and no other date', async () => {
    await scene.publisher.publish(scene.first.path)
    const other = await scene.publisher.upload(scene.second.path)
    expect(await scene.publisher.offer([{ ...other, version: '1.0.0' }], { keep: false })).toMatchObject({ status: 409, problem: { code: 'conflict' } })
    const same = await scene.publisher.upload(scene.first.path)
    expect(await scene.publisher.offer([{ ...same, publishedAt: tomorrow() }], { keep: false })).toMatchObject({ status: 409, problem: { code: 'conflict' } })
    expect((await scene.client.release('hello-notes', '1.0.0'))?.digest).toBe(scene.first.digest)
  })
})
