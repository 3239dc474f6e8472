import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPackage, type RegistryClient } from '@opsflux/registry-client'
import { startRegistry, type Registry } from '@opsflux/registry-repository'
import { isOpsFluxError } from '@opsflux/sdk'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostilePackages } from './hostile-packages.ts'
import type { HostilePackage } from './raw-archive.ts'
import { makeRepository, Packages } from './scene.ts'

let packages: Packages
let repository: Awaited<ReturnType<typeof makeRepository>>
let registry: Registry
let client: RegistryClient
let place: string
let genuine: string
let hostile: HostilePackage[]

beforeAll(async () => {
  packages = await Packages.make()
  repository = await makeRepository(packages.key)
  registry = await startRegistry({ home: repository.home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
  client = await repository.client(registry.url)
  place = await mkdtemp(join(tmpdir(), 'opsflux-hostile-'))
  genuine = (await packages.build('1.0.0')).path
  hostile = hostilePackages(await openPackage(genuine), await readFile(genuine), packages.key.privateKeyPem)
})
afterAll(async () => {
  await registry.stop()
  await rm(place, { recursive: true, force: true })
  await repository[Symbol.asyncDispose]()
  await packages[Symbol.asyncDispose]()
})

/** What an installation does with a package, up to the moment it is on disk. */
async function install(bytes: Uint8Array, store: string, target: string): Promise<{ code?: string; reason?: unknown; words?: string }> {
  const path = join(store, 'package.tgz')
  await writeFile(path, bytes)
  try {
    const opened = await openPackage(path)
    await client.verifyPackage(opened)
    await opened.unpackTo(target)
    return {}
  } catch (error) {
    if (!isOpsFluxError(error)) throw error
    return { code: error.code, reason: error.data.reason, words: error.message }
  }
}

test('the genuine package is installed', async () => {
  const store = await mkdtemp(join(place, 'store-'))
  expect(await install(await readFile(genuine), store, join(store, 'modules', 'release'))).toEqual({})
  expect(await readdir(join(store, 'modules', 'release'))).toContain('plugin.json')
})

test('each hostile one is refused by name, in words, with nothing left on disk', async () => {
  expect(new Set(hostile.map(({ name }) => name)).size).toBe(hostile.length)
  expect(hostile.length).toBeGreaterThan(200)
  const store = await mkdtemp(join(place, 'store-'))
  await mkdir(join(store, 'modules'))
  const outcomes: object[] = []
  for (const { name, bytes } of hostile) {
    const outcome = await install(bytes, store, join(store, 'modules', 'release'))
    outcomes.push({ name, ...outcome, modules: await readdir(join(store, 'modules')), store: await readdir(store) })
  }
  const words = expect.stringMatching(/^[A-Z"][^\p{C}]*\.$/u)
  expect(outcomes).toEqual(hostile.map(({ name, code, reason }) => ({ name, code, reason, words, modules: [], store: ['modules', 'package.tgz'] })))
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
}, 180_000)
