import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startMarketplace, type Marketplace } from '@opsflux/marketplace-server'
import { revokeRelease } from '@opsflux/registry-client'
import { revoke, startRegistry, type Registry } from '@opsflux/registry-repository'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startChild } from '../setup/child.ts'
import { makeRepository, Packages, PlainPublisher } from './scene.ts'

const log = pino({ level: 'silent' })
let packages: Packages
let repository: Awaited<ReturnType<typeof makeRepository>>
let registry: Registry
let marketplace: Marketplace
let publisher: PlainPublisher

beforeAll(async () => { packages = await Packages.make() })
afterAll(() => packages[Symbol.asyncDispose]())
beforeEach(async () => {
  repository = await makeRepository(packages.key)
  registry = await startRegistry({ home: repository.home, port: 0, bind: '127.0.0.1', log })
  publisher = new PlainPublisher(registry.url, packages.key)
  marketplace = await start()
})
afterEach(async () => {
  await marketplace.stop()
  await registry.stop()
  await repository[Symbol.asyncDispose]()
})

const start = async (): Promise<Marketplace> => startMarketplace({
  home: join(repository.home, '../marketplace'), port: 0, bind: '127.0.0.1', registryUrl: registry.url, root: await readFile(join(repository.home, 'root.json')), refreshSeconds: 3600, log,
})
const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(marketplace.url + path)
  return { status: response.status, body: await response.json() as Record<string, unknown> }
}
const refresh = async (): Promise<number> => (await fetch(`${marketplace.url}/api/refresh`, { method: 'POST' })).status
const found = async (search: string): Promise<string[]> => ((await get(`/api/catalogue?q=${encodeURIComponent(search)}`)).body['data'] as { id: string }[]).map(({ id }) => id)

describe('the catalogue', () => {
  test('is empty before anything is published, and ready', async () => {
    expect(await get('/api/catalogue')).toEqual({ status: 200, body: { data: [] } })
    expect((await get('/health/ready')).status).toBe(200)
    expect(await get('/api/catalogue/hello-notes')).toMatchObject({ status: 404, body: { code: 'not-found' } })
  })

  test('shows a release once it is published, with all its versions, newest first', async () => {
    for (const version of ['1.2.0', '1.10.0', '2.0.0-rc.1']) await publisher.publish((await packages.build(version)).path)
    expect(await refresh()).toBe(200)
    const { body } = await get('/api/catalogue')
    expect(body['data']).toMatchObject([{ id: 'hello-notes', name: 'Hello', summary: 'Keeps greetings', icon: 'hand', category: 'examples', publisher: 'hello', latest: '1.10.0' }])
    const [{ versions } = { versions: [] }] = body['data'] as { versions: { version: string; digest: string; size: number; publishedAt: string }[] }[]
    expect(versions.map(({ version }) => version)).toEqual(['2.0.0-rc.1', '1.10.0', '1.2.0'])
    expect(versions[0]).toEqual({ version: '2.0.0-rc.1', digest: expect.stringMatching(/^[0-9a-f]{64}$/), size: expect.any(Number), publishedAt: expect.stringMatching(/Z$/) })
  })

  test('leaves a revoked release out, and a module of which nothing is left', async () => {
    for (const version of ['1.0.0', '1.1.0']) await publisher.publish((await packages.build(version)).path)
    const revoked = { registryUrl: registry.url, publisher: 'hello', privateKeyPem: packages.key.privateKeyPem, id: 'hello-notes', reason: 'It loses notes.' }
    await revokeRelease({ ...revoked, version: '1.1.0' })
    await refresh()
    expect((await get('/api/catalogue/hello-notes')).body).toMatchObject({ latest: '1.0.0', versions: [{ version: '1.0.0' }] })
    await revoke(repository.home, { id: 'hello-notes', version: '1.0.0', reason: 'It loses notes too.' })
    await refresh()
    expect(await get('/api/catalogue')).toEqual({ status: 200, body: { data: [] } })
  })

  test('has the detail of a module from its newest package', async () => {
    await publisher.publish((await packages.build('1.0.0')).path)
    await publisher.publish((await packages.build('1.1.0')).path)
    await refresh()
    const { body } = await get('/api/catalogue/hello-notes')
    expect(body).toMatchObject({
      id: 'hello-notes', latest: '1.1.0', changelog: expect.stringContaining('All of 1.1.0'), readme: expect.stringContaining('#'), iconSvg: expect.stringContaining('<svg'),
      capabilities: [{ name: 'users.read' }], menus: [{ id: 'greetings' }], entities: [{ name: 'greeting' }],
    })
    expect(body['permissions']).toHaveLength(4)
    expect(body).not.toHaveProperty('searchText')
  })

  test('is searched in every language, without regard to case and accents, for every word', async () => {
    await publisher.publish((await packages.build('1.0.0')).path)
    await refresh()
    const french = JSON.parse(await readFile(join(import.meta.dirname, '../fixtures/hello/locales/fr.json'), 'utf8')) as Record<string, string>
    for (const search of ['', 'HELLO', 'greetings keeps', 'éxamples', 'hello-notes', french['module.summary'] ?? 'missing']) expect(await found(search)).toEqual(['hello-notes'])
    for (const search of ['hello incident', 'zzz']) expect(await found(search)).toEqual([])
    expect((await get(`/api/catalogue?q=${'a'.repeat(201)}`)).status).toBe(400)
    expect((await get('/api/catalogue?q=a&q=b')).status).toBe(400)
  })

  test('stays while the registry is away, also over a restart', async () => {
    await publisher.publish((await packages.build('1.0.0')).path)
    await refresh()
    await registry.stop()
    expect(await refresh()).toBe(503)
    expect(await found('')).toEqual(['hello-notes'])
    await marketplace.stop()
    marketplace = await start()
    expect(await found('')).toEqual(['hello-notes'])
    expect((await get('/health/ready')).status).toBe(200)
  })

  test('is not ready while the registry was never read', async () => {
    await registry.stop()
    await marketplace.stop()
    marketplace = await startMarketplace({ home: join(repository.home, '../fresh'), port: 0, bind: '127.0.0.1', registryUrl: registry.url, root: await readFile(join(repository.home, 'root.json')), refreshSeconds: 3600, log })
    expect((await get('/health/ready')).status).toBe(503)
    expect((await get('/health/live')).status).toBe(200)
    expect(await get('/api/catalogue')).toEqual({ status: 200, body: { data: [] } })
  })

  test('follows the registry by itself, in its own process', async () => {
    const child = await startChild('marketplace/server/src/main.ts', {
      OPSFLUX_MARKETPLACE_HOME: join(repository.home, '../other'), OPSFLUX_MARKETPLACE_PORT: '0', OPSFLUX_MARKETPLACE_REFRESH_SECONDS: '1',
      OPSFLUX_REGISTRY_URL: registry.url, OPSFLUX_REGISTRY_ROOT: join(repository.home, 'root.json'),
    })
    try {
      await publisher.publish((await packages.build('1.0.0')).path)
      const shown = async (): Promise<unknown> => (await (await fetch(`${child.url}/api/catalogue`)).json() as { data: unknown[] }).data
      await expect.poll(shown, { timeout: 20_000 }).toMatchObject([{ id: 'hello-notes', latest: '1.0.0' }])
    } finally {
      await child.stop()
    }
    expect(child.process.exitCode).toBe(0)
  })
})
