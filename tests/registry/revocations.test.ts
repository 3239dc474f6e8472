import { revokeRelease, type RevokeOptions } from '@opsflux/registry-client'
import { buildPublisher, encodeMetadata, generateKeyPair, parseTargets, revocationsOf, secondsAfter, signMetadata, type Revocation } from '@opsflux/registry-metadata'
import { addPublisher, revoke } from '@opsflux/registry-repository'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from './scene.ts'
import { registryForEach } from './registry-for-each.ts'

const scene = registryForEach()
beforeEach(async () => {
  await scene.publisher.publish(scene.first.path)
  await scene.publisher.publish(scene.second.path)
})

const offered = async (): Promise<string[]> => {
  await scene.client.refresh()
  return (await scene.client.releases()).map(({ version }) => version)
}
const one = { id: 'hello-notes', version: '1.1.0', reason: 'It loses notes.' }
const byPublisher = (change: Partial<RevokeOptions> = {}) => revokeRelease({ registryUrl: scene.registry.url, publisher: 'hello', privateKeyPem: scene.packages.key.privateKeyPem, ...one, ...change })

describe.each([
  ['its publisher', 'publisher', async () => (await byPublisher()).revoked],
  ['the registry', 'registry', async () => (await revoke(scene.repository.home, one)).changed],
] as const)('a release revoked by %s', (_, by, act) => {
  test('is offered no more; the one before is, and again changes nothing', async () => {
    expect(await act()).toBe(true)
    expect(await act()).toBe(false)
    expect(await offered()).toEqual(['1.0.0'])
    expect(await scene.client.revocations()).toMatchObject([{ ...one, digest: scene.second.digest, by }])
    expect((await scene.client.latest('hello-notes'))?.version).toBe('1.0.0')
  })

  test('stays so when more is published, and when publishers change', async () => {
    await act()
    await scene.publisher.publish((await scene.packages.build('1.2.0')).path)
    await addPublisher(scene.repository.home, { name: 'other', prefixes: ['other-'], publicKeyPem: generateKeyPair().publicKeyPem })
    expect(await offered()).toEqual(['1.0.0', '1.2.0'])
    expect(await scene.client.revocations()).toHaveLength(1)
  })

  test('is not published again, under no version', async () => {
    await act()
    expect(await scene.publisher.publish(scene.second.path).then(({ published }) => published, (error: { code: string }) => error.code)).toBe(by === 'publisher' ? 'release-revoked' : false)
    const again = await scene.publisher.upload(scene.second.path)
    expect((await scene.publisher.offer([{ ...again, version: '9.0.0' }])).problem.code).toMatch(/^(release-revoked|conflict)$/)
    expect(await offered()).toEqual(['1.0.0'])
  })
})

describe('nothing is revoked', () => {
  afterEach(async () => {
    expect(await offered()).toEqual(['1.0.0', '1.1.0'])
    expect(await scene.client.revocations()).toEqual([])
  })

  test('that was never published', async () => {
    await expect(byPublisher({ version: '9.0.0' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(scene.repository.home, { ...one, version: '9.0.0' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(scene.repository.home, { ...one, id: '../x' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(scene.repository.home, { ...one, id: '__proto__' })).rejects.toMatchObject({ code: 'not-found' })
  })

  test.each(['', ' ', 'x'.repeat(501), 'one\nanother'])('for the reason %j', async (reason) => {
    await expect(byPublisher({ reason })).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(revoke(scene.repository.home, { ...one, reason })).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('with a key that is not the publisher\'s', async () => {
    await expect(byPublisher({ privateKeyPem: generateKeyPair().privateKeyPem })).rejects.toMatchObject({ code: 'untrusted-release' })
  })

  test('by another publisher', async () => {
    const key = generateKeyPair()
    await addPublisher(scene.repository.home, { name: 'other', prefixes: ['other-'], publicKeyPem: key.publicKeyPem })
    await expect(byPublisher({ publisher: 'other', privateKeyPem: key.privateKeyPem })).rejects.toMatchObject({ code: 'not-found' })
    const revocation = { ...one, digest: scene.second.digest, at: new Date() }
    const role = signMetadata(buildPublisher({ version: 1, expires: secondsAfter(new Date(), 86_400), releases: [], revoked: [revocation] }), [key.privateKeyPem])
    expect(await scene.publisher.post(JSON.parse(encodeMetadata(role).toString()), 'other')).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('cannot revoke') } })
  })

  const offer = async (revoked: readonly unknown[]): Promise<Answer> => {
    const { metadata } = await (await fetch(`${scene.registry.url}/api/publishers/hello`)).json() as { metadata: object }
    const before = parseTargets(Buffer.from(JSON.stringify(metadata))).signed
    const role = buildPublisher({ version: before.version + 1, expires: secondsAfter(new Date(), 86_400), releases: Object.values(before.targets) })
    Object.assign(role.signed.unrecognizedFields, { 'x-opsflux-revoked': revoked })
    return scene.publisher.post(JSON.parse(encodeMetadata(signMetadata(role, [scene.packages.key.privateKeyPem])).toString()))
  }
  const written = () => ({ ...one, digest: scene.second.digest, at: new Date().toISOString().replace(/\.\d+/, '') })
  test.each<[string, () => unknown]>([
    ['with the digest of another', () => ({ ...written(), digest: scene.first.digest })],
    ['from next year on', () => ({ ...written(), at: '2999-01-01T00:00:00Z' })],
    ['without a reason', () => ({ ...written(), reason: '' })],
    ['of all versions', () => ({ ...written(), version: '*' })],
  ])('%s', async (_, entry) => {
    expect(await offer([entry()])).toMatchObject({ status: 422, problem: { code: 'untrusted-release' } })
  })

  test('more often than 1,000 times', async () => {
    expect(await offer(Array.from({ length: 1_001 }, (_, at) => ({ ...written(), version: `0.0.${at}` })))).toMatchObject({ status: 422, problem: { detail: expect.stringContaining('more than 1000') } })
  })
})

describe('a revocation', () => {
  const offer = async (change: (revoked: Revocation[]) => Revocation[]): Promise<Answer> => {
    const { metadata } = await (await fetch(`${scene.registry.url}/api/publishers/hello`)).json() as { metadata: object }
    const before = parseTargets(Buffer.from(JSON.stringify(metadata))).signed
    const role = buildPublisher({ version: before.version + 1, expires: secondsAfter(new Date(), 86_400), releases: Object.values(before.targets), revoked: change(revocationsOf(before)) })
    return scene.publisher.post(JSON.parse(encodeMetadata(signMetadata(role, [scene.packages.key.privateKeyPem])).toString()))
  }

  test.each<[string, (revoked: Revocation[]) => Revocation[]]>([
    ['taken back', () => []], ['reworded', (all) => all.map((entry) => ({ ...entry, reason: 'All is well.' }))], ['put off', (all) => all.map((entry) => ({ ...entry, at: secondsAfter(entry.at, 60) }))],
  ])('is not %s', async (_, change) => {
    await byPublisher()
    expect(await offer(change)).toMatchObject({ status: 409, problem: { code: 'conflict', detail: expect.stringContaining('stay so') } })
    expect(await offered()).toEqual(['1.0.0'])
  })
})

test('several revoked at once are all revoked', async () => {
  await scene.publisher.publish((await scene.packages.build('1.2.0')).path)
  await Promise.all(['1.0.0', '1.1.0', '1.2.0'].map((version) => byPublisher({ version })))
  expect(await offered()).toEqual([])
  expect(await scene.client.revocations()).toHaveLength(3)
})
