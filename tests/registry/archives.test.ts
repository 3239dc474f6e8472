import { hash } from 'node:crypto'
import type { BuiltPackage } from '@opsflux/cli'
import { publishRelease, revokeRelease, signReleasesAgain } from '@opsflux/registry-client'
import {
  archiveRoleOf, buildPublisher, buildRelease, encodeMetadata, generateKeyPair, maxTargetsPerRole, parseTargets, roleNameOf, secondsAfter, signMetadata,
  type KeyPair, type PublisherContent, type ReleaseEntry,
} from '@opsflux/registry-metadata'
import { addPublisher, Repository } from '@opsflux/registry-repository'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PlainPublisher } from './scene.ts'
import { registryForEach } from './registry-for-each.ts'

const scene = registryForEach()

const tomorrow = (): Date => secondsAfter(new Date(), 86_400)
const nextYear = (): Date => secondsAfter(new Date(), 360 * 86_400)
const release = (version: string): ReleaseEntry => ({ id: 'hello-notes', version, sdk: '^1.0.0', digest: hash('sha256', version, 'hex'), size: 10, publishedAt: new Date(`2026-01-01T00:00:${version.split('.')[1]?.padStart(2, '0')}Z`) })
const releases = (minor: number, count = maxTargetsPerRole): ReturnType<typeof buildRelease>[] => Array.from({ length: count }, (_, at) => buildRelease(release(`0.${minor}.${at}`)))
const signed = (content: PublisherContent, key: KeyPair = scene.packages.key): Buffer => encodeMetadata(signMetadata(buildPublisher(content), [key.privateKeyPem]))
const delegation = () => ({ name: 'hello', prefixes: ['hello-'], publicKeys: [scene.packages.key.publicKeyPem] })

/** What years of publishing leave behind, without the packages: nobody downloads them here. */
async function offerMany(kept: number, archives: number, expires = nextYear()): Promise<void> {
  const real = new Repository(scene.repository.home)
  const files = Array.from({ length: archives }, (_, at) => ({ role: archiveRoleOf('hello', at + 1), version: 1, bytes: signed({ version: 1, expires, releases: releases(at + 1), role: archiveRoleOf('hello', at + 1) }) }))
  const role = signed({ version: 1, expires, releases: releases(50, kept), archives: { publisher: delegation(), count: archives } })
  await real.change((state) => real.commit(state, [...files, { role: roleNameOf('hello'), version: 1, bytes: role }]))
}

const publish = (built: BuiltPackage) => publishRelease({ registryUrl: scene.registry.url, packagePath: built.path, publisher: 'hello', privateKeyPem: scene.packages.key.privateKeyPem })
async function offered(): Promise<string[]> {
  await scene.client.refresh()
  return (await scene.client.releases()).map(({ version }) => version)
}
async function sizes(): Promise<Record<string, { version: number; count: number }>> {
  const answer = await (await fetch(`${scene.registry.url}/api/publishers/hello`)).json() as { metadata: object; archives?: { role: string; version: number }[] }
  const roles = await Promise.all((answer.archives ?? []).map(async ({ role, version }) => [role, Buffer.from(await (await fetch(`${scene.registry.url}/metadata/${version}.${role}.json`)).arrayBuffer())] as const))
  return Object.fromEntries([['publisher-hello', Buffer.from(JSON.stringify(answer.metadata))] as const, ...roles].map(([role, bytes]) => {
    const { signed: { version, targets } } = parseTargets(bytes)
    return [role, { version, count: Object.keys(targets).length }]
  }))
}

describe('the 501st release of a publisher', () => {
  test('moves the oldest to an archive, in the same step, and all of them are offered', async () => {
    await offerMany(maxTargetsPerRole, 0)
    expect(await offered()).toHaveLength(500)
    expect(await publish(scene.first)).toMatchObject({ published: true })
    expect(await sizes()).toEqual({ 'publisher-hello': { version: 2, count: 251 }, 'publisher-hello.1': { version: 1, count: 250 } })
    expect(await offered()).toHaveLength(501)
    expect((await scene.client.latest('hello-notes'))?.version).toBe('1.0.0')
    await scene.client.download(await scene.client.release('hello-notes', '1.0.0') ?? expect.unreachable())
  })

  test('leaves archives alone that are full, and begins another', async () => {
    await offerMany(maxTargetsPerRole, 2)
    await publish(scene.first)
    expect(await sizes()).toEqual({
      'publisher-hello': { version: 2, count: 251 }, 'publisher-hello.1': { version: 1, count: 500 }, 'publisher-hello.2': { version: 1, count: 500 }, 'publisher-hello.3': { version: 1, count: 250 },
    })
    await publish(scene.second)
    expect(await sizes()).toMatchObject({ 'publisher-hello': { version: 3, count: 252 }, 'publisher-hello.3': { version: 1, count: 250 } })
    expect(await offered()).toHaveLength(1_502)
  })
})

describe('with archives', () => {
  beforeEach(() => offerMany(10, 1))

  test('a version that lies in one is not published again', async () => {
    const built = await scene.packages.build('0.1.7')
    await expect(publish(built)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('published already') })
  })

  test('a release in one is revoked', async () => {
    const options = { registryUrl: scene.registry.url, publisher: 'hello', privateKeyPem: scene.packages.key.privateKeyPem, id: 'hello-notes', version: '0.1.7', reason: 'It loses notes.' }
    expect(await revokeRelease(options)).toEqual({ revoked: true })
    expect(await revokeRelease(options)).toEqual({ revoked: false })
    expect(await offered()).not.toContain('0.1.7')
    expect(await scene.client.revocations()).toMatchObject([{ id: 'hello-notes', version: '0.1.7', digest: release('0.1.7').digest, by: 'publisher', reason: 'It loses notes.' }])
  })

  test('all of them are signed again when the publisher\'s key changes', async () => {
    const key = generateKeyPair()
    await addPublisher(scene.repository.home, { name: 'hello', prefixes: ['hello-'], publicKeyPem: key.publicKeyPem })
    await scene.client.refresh()
    await expect(scene.client.release('hello-notes', '0.1.7')).rejects.toMatchObject({ code: 'untrusted-release' })
    const options = { registryUrl: scene.registry.url, publisher: 'hello', privateKeyPem: key.privateKeyPem }
    await expect(signReleasesAgain(options)).rejects.toMatchObject({ code: 'untrusted-release', message: expect.stringContaining('name the public key of before') })
    await signReleasesAgain({ ...options, otherPublicKeyPems: [scene.packages.key.publicKeyPem] })
    expect(await sizes()).toMatchObject({ 'publisher-hello': { version: 2 }, 'publisher-hello.1': { version: 2 } })
    expect(await offered()).toHaveLength(510)
  })

  test('those that run out are signed again with the rest', async () => {
    const real = new Repository(scene.repository.home)
    const soon = signed({ version: 2, expires: tomorrow(), releases: releases(1), role: 'publisher-hello.1' })
    await real.change((state) => real.commit(state, [{ role: 'publisher-hello.1', version: 2, bytes: soon }]))
    await publish(scene.first)
    expect(await sizes()).toMatchObject({ 'publisher-hello.1': { version: 3, count: 500 } })
  })
})

describe('is refused, and nothing is changed by it: a list', () => {
  const key = generateKeyPair()
  const archive = (content: Partial<PublisherContent> = {}, by?: KeyPair): Buffer => signed({ version: 2, expires: tomorrow(), releases: releases(1), role: 'publisher-hello.1', ...content }, by)
  const main = (content: Partial<PublisherContent> = {}): object => JSON.parse(signed({ version: 2, expires: tomorrow(), releases: releases(50, 10), archives: { publisher: delegation(), count: 1 }, ...content }).toString()) as object
  const send = async (metadata: object, archives: Record<string, Buffer> = {}): Promise<{ status: number; code?: string; detail?: string }> => {
    const digests: Record<string, string> = {}
    for (const [role, bytes] of Object.entries(archives)) {
      const digest = hash('sha256', bytes, 'hex')
      digests[role] = digest
      await fetch(`${scene.registry.url}/api/uploads/${digest}`, { method: 'PUT', body: new Uint8Array(bytes) })
    }
    return post({ metadata, archives: digests })
  }
  const post = async (body: object): Promise<{ status: number; code?: string; detail?: string }> => {
    const response = await fetch(`${scene.registry.url}/api/publishers/hello/releases`, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, ...(await response.json() as { code?: string }) }
  }

  beforeEach(() => offerMany(10, 1))
  afterEach(async () => {
    expect(await sizes()).toEqual({ 'publisher-hello': { version: 1, count: 10 }, 'publisher-hello.1': { version: 1, count: 500 } })
    expect(await offered()).toHaveLength(510)
  })

  test.each<[string, RegExp, () => Promise<object>]>([
    ['that leaves its archive out', /leaves out/, () => send(main({ archives: { publisher: delegation(), count: 0 } }))],
    ['that delegates to an archive that is not there', /missing/, () => send(main({ archives: { publisher: delegation(), count: 2 } }))],
    ['that delegates to keys of others', /delegate to others/, () => send(main({ archives: { publisher: { ...delegation(), publicKeys: [scene.packages.key.publicKeyPem, key.publicKeyPem] }, count: 1 } }))],
    ['that delegates to archives of others', /delegate to others/, () => send(main({ archives: { publisher: { ...delegation(), name: 'other' }, count: 1 } }))],
    ['that says it is an archive', /not known/, () => send(main({ role: 'publisher-hello.1' }))],
    ['with an archive signed by a stranger', /not signed/, () => send(main(), { 'publisher-hello.1': archive({}, key) })],
    ['with an archive of another version than the next', /version/i, () => send(main(), { 'publisher-hello.1': archive({ version: 7 }) })],
    ['with an archive that has run out', /expired/, () => send(main(), { 'publisher-hello.1': archive({ expires: new Date(0) }) })],
    ['with an archive that says it is another', /does not say/, () => send(main(), { 'publisher-hello.1': archive({ role: 'publisher-hello.2' }) })],
    ['with an archive that delegates on', /delegates/, () => send(main(), { 'publisher-hello.1': archive({ archives: { publisher: delegation(), count: 1 } }) })],
    ['with an archive that is not delegated to', /does not delegate/, () => send(main(), { 'publisher-hello.2': archive({ version: 1, role: 'publisher-hello.2' }) })],
    ['with an archive of another publisher', /does not delegate/, () => send(main(), { 'publisher-other.1': archive({ version: 1 }) })],
    ['with an archive that leaves a release out', /leaves out/, () => send(main(), { 'publisher-hello.1': archive({ releases: releases(1, 499) }) })],
    ['that lists a release twice', /listed twice/, () => send(main({ releases: [...releases(50, 10), ...releases(1, 1)] }))],
    ['with an archive that was not uploaded', /not uploaded/, () => post({ metadata: main(), archives: { 'publisher-hello.1': 'a'.repeat(64) } })],
    ['with archives in another form', /SHA-256/, () => post({ metadata: main(), archives: ['a'.repeat(64)] })],
    ['with a path instead of a digest', /SHA-256/, () => post({ metadata: main(), archives: { 'publisher-hello.1': '../../keys/root.pem' } })],
  ])('%s', async (_, detail, act) => {
    expect(await act()).toMatchObject({ code: expect.stringMatching(/^(untrusted-release|conflict|package-refused|invalid-request)$/), detail: expect.stringMatching(detail) })
  })
})

test('what publishers of a few releases are told has not changed', async () => {
  await new PlainPublisher(scene.registry.url, scene.packages.key).publish(scene.first.path)
  expect(Object.keys(await (await fetch(`${scene.registry.url}/api/publishers/hello`)).json() as object)).toEqual(['name', 'prefixes', 'keyids', 'metadata'])
})
