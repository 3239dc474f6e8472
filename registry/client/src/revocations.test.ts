import { rm } from 'node:fs/promises'
import { hash } from 'node:crypto'
import type { Revocation } from '@opsflux/registry-metadata'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPackage } from './package/open-package.ts'
import { good, hello, other, past, Scene, stranger } from './scene.ts'
import { signedPackage, type Content } from './testing.ts'

let scene: Scene
beforeEach(async () => {
  scene = await Scene.start()
})
afterEach(() => scene[Symbol.asyncDispose]())

const digest = hash('sha256', good, 'hex')
const at = new Date('2026-01-31T23:59:59Z')
const revoked = (change: Partial<Revocation> = {}): Revocation => ({ id: 'hello-notes', version: '1.0.0', digest, reason: 'It loses notes.', at, ...change })
const next = (change: Partial<Content>): Content => scene.content({ targets: 6, snapshot: 6, timestamp: 6, ...change })
const byPublisher = (change: Partial<Revocation> = {}): Content => next({ publishers: [scene.helloWith({ version: 6, revoked: [revoked(change)] }), scene.other()] })
const byRegistry = (change: Partial<Revocation> = {}): Content => next({ revoked: [revoked(change)] })

describe.each([['registry', byRegistry], ['publisher', byPublisher]] as const)('a release that the %s revoked', (by, make) => {
  test('is offered no more, and told with its reason', async () => {
    const client = scene.client()
    await client.refresh()
    const before = await scene.known(client)
    expect(await client.revocations()).toEqual([])
    scene.registry.offer(make())
    await client.refresh()
    expect(await client.revocations()).toEqual([{ ...revoked(), by }])
    expect(await client.releases()).toEqual([])
    expect(await client.release('hello-notes', '1.0.0')).toBeUndefined()
    expect(await client.latest('hello-notes')).toBeUndefined()
    await expect(client.download(before)).rejects.toMatchObject({ code: 'release-revoked', message: expect.stringContaining('It loses notes.') })
    expect(await scene.downloads()).toEqual([])
  })

  test('is refused from a file', async () => {
    scene.registry.offer(make())
    await expect(scene.client().verifyPackage(await openPackage(await scene.folder.save('file.tgz', good)))).rejects.toMatchObject({ code: 'release-revoked' })
  })

  test('is refused under another name for its content', async () => {
    scene.registry.offer(make({ version: '0.9.0' }))
    const client = scene.client()
    expect(await client.releases()).toEqual([])
    await expect(client.verifyPackage(await openPackage(await scene.folder.save('file.tgz', good)))).rejects.toMatchObject({ code: 'release-revoked' })
  })

  test('leaves the others: the newest of them is the latest', async () => {
    const older = scene.registry.addPackage(signedPackage(hello, { version: '0.9.0' }), { version: '0.9.0' })
    const content = make()
    const [publisher = scene.helloWith()] = content.publishers
    scene.registry.offer({ ...content, publishers: [{ ...publisher, role: { version: 6, releases: [scene.release, older], revoked: publisher.role?.revoked ?? [] } }, scene.other()] })
    const client = scene.client()
    expect((await client.latest('hello-notes'))?.version).toBe('0.9.0')
    expect((await client.releases()).map(({ version }) => version)).toEqual(['0.9.0'])
  })

  test('is known after a restart without the registry', async () => {
    scene.registry.offer(make())
    await scene.client().refresh()
    await scene.registry.stop()
    expect(await scene.client().revocations()).toMatchObject([{ id: 'hello-notes', version: '1.0.0', by }])
  })
})

test('a publisher cannot revoke what is another\'s', async () => {
  const release = scene.registry.addPackage(signedPackage(other, { id: 'other-notes', publisher: 'other' }), { id: 'other-notes' })
  const stolen = [revoked({ id: 'other-notes' }), revoked({ id: 'nobody-notes' })]
  scene.registry.offer(next({ publishers: [scene.helloWith({ version: 6, revoked: stolen }), { ...scene.other(), role: { version: 1, releases: [release] } }] }))
  const client = scene.client()
  expect(await client.revocations()).toEqual([])
  expect((await client.releases()).map(({ id }) => id)).toEqual(['hello-notes', 'other-notes'])
})

describe('what is revoked stays so', () => {
  test.each([['is signed by a stranger', { signedBy: stranger }], ['has expired', { expires: past }], ['vanishes', { listed: false }]])('when the metadata of its publisher %s', async (_, role) => {
    scene.registry.offer(byPublisher())
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content({ targets: 7, snapshot: 7, timestamp: 7, publishers: [scene.helloWith({ version: 7, ...role })] }))
    await client.refresh()
    expect(await client.revocations()).toMatchObject([{ id: 'hello-notes', by: 'publisher' }])
    await expect(client.verifyPackage(await openPackage(await scene.folder.save('file.tgz', good)))).rejects.toMatchObject({ code: 'release-revoked' })
  })

  test('when all of the metadata has expired', async () => {
    scene.registry.offer({ ...byRegistry(), expires: { timestamp: new Date(Date.now() + 1_500) } })
    const client = scene.client()
    await client.refresh()
    await scene.registry.stop()
    await expect.poll(() => client.status().problem?.code, { timeout: 5_000 }).toBe('metadata-expired')
    expect(await client.revocations()).toMatchObject([{ by: 'registry' }])
  })

  test('when an older list is offered', async () => {
    scene.registry.offer(byPublisher())
    const client = scene.client()
    await client.refresh()
    scene.registry.offer(scene.content({ targets: 7, snapshot: 7, timestamp: 7, publishers: [scene.helloWith({ version: 5 })] }))
    await client.refresh()
    expect(await client.revocations()).toHaveLength(1)
    await expect(client.release('hello-notes', '1.0.0')).rejects.toMatchObject({ code: 'untrusted-release' })
  })
})

test('a platform that never read the registry cannot tell what is revoked', async () => {
  await scene.registry.stop()
  await rm(scene.cache(), { recursive: true, force: true })
  await expect(scene.client().revocations()).rejects.toMatchObject({ code: 'registry-unreachable' })
})
