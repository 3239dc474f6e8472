import type { BuiltPackage } from '@opsflux/cli'
import { revokeRelease, type RegistryClient, type RevokeOptions } from '@opsflux/registry-client'
import { buildPublisher, encodeMetadata, generateKeyPair, parseTargets, revocationsOf, secondsAfter, signMetadata, type Revocation } from '@opsflux/registry-metadata'
import { addPublisher, revoke, startRegistry, type Registry } from '@opsflux/registry-repository'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, Packages, PlainPublisher, type Answer } from './scene.ts'

let packages: Packages
let first: BuiltPackage
let second: BuiltPackage
let repository: Awaited<ReturnType<typeof makeRepository>>
let registry: Registry
let publisher: PlainPublisher
let client: RegistryClient

beforeAll(async () => {
  packages = await Packages.make()
  first = await packages.build('1.0.0')
  second = await packages.build('1.1.0')
})
afterAll(() => packages[Symbol.asyncDispose]())
beforeEach(async () => {
  repository = await makeRepository(packages.key)
  registry = await startRegistry({ home: repository.home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
  publisher = new PlainPublisher(registry.url, packages.key)
  client = await repository.client(registry.url)
  await publisher.publish(first.path)
  await publisher.publish(second.path)
})
afterEach(async () => {
  await registry.stop()
  await repository[Symbol.asyncDispose]()
})

const offered = async (): Promise<string[]> => {
  await client.refresh()
  return (await client.releases()).map(({ version }) => version)
}
const one = { id: 'hello-notes', version: '1.1.0', reason: 'It loses notes.' }
const byPublisher = (change: Partial<RevokeOptions> = {}) => revokeRelease({ registryUrl: registry.url, publisher: 'hello', privateKeyPem: packages.key.privateKeyPem, ...one, ...change })

describe.each([
  ['its publisher', 'publisher', async () => (await byPublisher()).revoked],
  ['the registry', 'registry', async () => (await revoke(repository.home, one)).changed],
] as const)('a release revoked by %s', (_, by, act) => {
  test('is offered no more; the one before is, and again changes nothing', async () => {
    expect(await act()).toBe(true)
    expect(await act()).toBe(false)
    expect(await offered()).toEqual(['1.0.0'])
    expect(await client.revocations()).toMatchObject([{ ...one, digest: second.digest, by }])
    expect((await client.latest('hello-notes'))?.version).toBe('1.0.0')
  })

  test('stays so when more is published, and when publishers change', async () => {
    await act()
    await publisher.publish((await packages.build('1.2.0')).path)
    await addPublisher(repository.home, { name: 'other', prefixes: ['other-'], publicKeyPem: generateKeyPair().publicKeyPem })
    expect(await offered()).toEqual(['1.0.0', '1.2.0'])
    expect(await client.revocations()).toHaveLength(1)
  })

  test('is not published again, under no version', async () => {
    await act()
    expect(await publisher.publish(second.path).then(({ published }) => published, (error: { code: string }) => error.code)).toBe(by === 'publisher' ? 'release-revoked' : false)
    const again = await publisher.upload(second.path)
    expect((await publisher.offer([{ ...again, version: '9.0.0' }])).problem.code).toMatch(/^(release-revoked|conflict)$/)
    expect(await offered()).toEqual(['1.0.0'])
  })
})

describe('nothing is revoked', () => {
  afterEach(async () => {
    expect(await offered()).toEqual(['1.0.0', '1.1.0'])
    expect(await client.revocations()).toEqual([])
  })

  test('that was never published', async () => {
    await expect(byPublisher({ version: '9.0.0' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(repository.home, { ...one, version: '9.0.0' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(repository.home, { ...one, id: '../x' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(revoke(repository.home, { ...one, id: '__proto__' })).rejects.toMatchObject({ code: 'not-found' })
  })

  test.each(['', ' ', 'x'.repeat(501), 'one\nanother'])('for the reason %j', async (reason) => {
    await expect(byPublisher({ reason })).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(revoke(repository.home, { ...one, reason })).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test('with a key that is not the publisher\'s', async () => {
    await expect(byPublisher({ privateKeyPem: generateKeyPair().privateKeyPem })).rejects.toMatchObject({ code: 'untrusted-release' })
  })

  test('by another publisher', async () => {
    const key = generateKeyPair()
    await addPublisher(repository.home, { name: 'other', prefixes: ['other-'], publicKeyPem: key.publicKeyPem })
    await expect(byPublisher({ publisher: 'other', privateKeyPem: key.privateKeyPem })).rejects.toMatchObject({ code: 'not-found' })
    const revocation = { ...one, digest: second.digest, at: new Date() }
    const role = signMetadata(buildPublisher({ version: 1, expires: secondsAfter(new Date(), 86_400), releases: [], revoked: [revocation] }), [key.privateKeyPem])
    expect(await publisher.post(JSON.parse(encodeMetadata(role).toString()), 'other')).toMatchObject({ status: 422, problem: { code: 'untrusted-release', detail: expect.stringContaining('cannot revoke') } })
  })

  const offer = async (revoked: readonly unknown[]): Promise<Answer> => {
    const { metadata } = await (await fetch(`${registry.url}/api/publishers/hello`)).json() as { metadata: object }
    const before = parseTargets(Buffer.from(JSON.stringify(metadata))).signed
    const role = buildPublisher({ version: before.version + 1, expires: secondsAfter(new Date(), 86_400), releases: Object.values(before.targets) })
    Object.assign(role.signed.unrecognizedFields, { 'x-opsflux-revoked': revoked })
    return publisher.post(JSON.parse(encodeMetadata(signMetadata(role, [packages.key.privateKeyPem])).toString()))
  }
  const written = () => ({ ...one, digest: second.digest, at: new Date().toISOString().replace(/\.\d+/, '') })
  test.each<[string, () => unknown]>([
    ['with the digest of another', () => ({ ...written(), digest: first.digest })],
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
    const { metadata } = await (await fetch(`${registry.url}/api/publishers/hello`)).json() as { metadata: object }
    const before = parseTargets(Buffer.from(JSON.stringify(metadata))).signed
    const role = buildPublisher({ version: before.version + 1, expires: secondsAfter(new Date(), 86_400), releases: Object.values(before.targets), revoked: change(revocationsOf(before)) })
    return publisher.post(JSON.parse(encodeMetadata(signMetadata(role, [packages.key.privateKeyPem])).toString()))
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
  await publisher.publish((await packages.build('1.2.0')).path)
  await Promise.all(['1.0.0', '1.1.0', '1.2.0'].map((version) => byPublisher({ version })))
  expect(await offered()).toEqual([])
  expect(await client.revocations()).toHaveLength(3)
})
