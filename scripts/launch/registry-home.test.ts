import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegistryClient } from '@opsflux/registry-client'
import { initialiseRepository, readRootContent, registryStatus, Repository, startRegistry } from '@opsflux/registry-repository'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openHome, type Home } from './home.ts'
import { prepareRegistry } from './registry-home.ts'

let place: string
let home: Home
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'opsflux-registry-home-'))
  home = openHome(join(place, 'home'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(place, { recursive: true })
})

const rootKeys = [1, 2, 3].map((number) => `registry-root-${number}.private.pem`)
const rootOf = async () => {
  const root = await new Repository(home.registry).store.currentRoot()
  if (!root) throw new Error('there is no root')
  return readRootContent(root)
}

async function offersReleases(): Promise<void> {
  const registry = await startRegistry({ home: home.registry, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
  try {
    await new RegistryClient({ url: registry.url, root: readFileSync(join(home.registry, 'root.json')), cacheDir: mkdtempSync(join(place, 'host-')) }).refresh()
  } finally {
    await registry.stop()
  }
}

describe('a new data folder', () => {
  test('has a registry whose root two of three keys sign, none of them where the registry reads', async () => {
    expect(await prepareRegistry(home, ['hse-'])).toMatchObject({ isNew: true })
    const { threshold, rootKeys: holders } = await rootOf()
    expect([threshold, holders.length]).toEqual([2, 3])
    expect(readdirSync(home.keys).toSorted()).toEqual(['opsflux.private.pem', ...rootKeys])
    if (process.platform !== 'win32') expect(rootKeys.map((name) => statSync(join(home.keys, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600])
    expect(readdirSync(join(home.registry, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
    expect((await registryStatus(new Repository(home.registry))).due).toEqual([])
    await offersReleases()
  })

  test('stays as it is at the next start, and after one that was interrupted', async () => {
    const { root, fingerprint } = await prepareRegistry(home, ['hse-'])
    const before = readFileSync(root)
    expect(await prepareRegistry(home, ['hse-'])).toMatchObject({ isNew: false, fingerprint })
    for (const lost of ['root.json', 'metadata/timestamp.json', '.publisher']) rmSync(join(home.registry, lost))
    await prepareRegistry(home, ['hse-'])
    expect(readFileSync(root)).toEqual(before)
    await offersReleases()
  })

  test('gets its root renewed when half of its life is over', async () => {
    await prepareRegistry(home, ['hse-'])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 370 * 86_400_000 })
    await prepareRegistry(home, ['hse-'])
    expect(await rootOf()).toMatchObject({ version: 2, threshold: 2 })
    await prepareRegistry(home, ['hse-'])
    expect(await rootOf()).toMatchObject({ version: 2 })
    await offersReleases()
  })
})

describe('a data folder of an earlier release, whose one root key lies in the registry', () => {
  test('goes on unchanged, and its root is renewed by the registry', async () => {
    await initialiseRepository(home.registry)
    const before = readFileSync(join(home.registry, 'root.json'))
    expect(await prepareRegistry(home, ['hse-'])).toMatchObject({ isNew: false })
    expect(readFileSync(join(home.registry, 'root.json'))).toEqual(before)
    expect([readdirSync(home.keys), readdirSync(join(home.registry, 'keys'))]).toEqual([['opsflux.private.pem'], ['root.pem', 'snapshot.pem', 'targets.pem', 'timestamp.pem']])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 800 * 86_400_000 })
    await prepareRegistry(home, ['hse-'])
    await offersReleases()
    expect(await rootOf()).toMatchObject({ version: 2, threshold: 1 })
  })
})
