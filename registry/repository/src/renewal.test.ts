import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RegistryClient } from '@opsflux/registry-client'
import { generateKeyPair, secondsAfter } from '@opsflux/registry-metadata'
import pino from 'pino'
import { expect, test } from 'vitest'
import { initialiseRepository } from './initialise.ts'
import { lifetimeSeconds } from './lifetimes.ts'
import { renew } from './renewal.ts'
import { Renewer } from './renewer.ts'
import { Repository } from './repository.ts'
import { startRegistry } from './server.ts'
import { temporaryHome } from './testing.ts'

const log = pino({ level: 'silent' })
const past = (seconds: number) => (): Date => secondsAfter(new Date(), -seconds)

test('what is fresh is left alone', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  expect(await renew(new Repository(home.path))).toEqual({ renewed: [], waiting: [] })
})

test('a timestamp that is half spent is signed anew, and nothing else', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path, past(lifetimeSeconds.timestamp * 0.6))
  const repository = new Repository(home.path)
  expect(await renew(repository)).toEqual({ renewed: ['timestamp'], waiting: [] })
  const { timestamp, snapshot } = await repository.state()
  expect([timestamp.signed.version, snapshot.signed.version]).toEqual([2, 1])
})

test('a registry that was off until everything expired serves what hosts accept again', async () => {
  await using home = await temporaryHome()
  const { rootPath } = await initialiseRepository(home.path, past(lifetimeSeconds.root + 86_400))
  const registry = await startRegistry({ home: home.path, port: 0, bind: '127.0.0.1', log })
  try {
    const client = new RegistryClient({ url: registry.url, root: await readFile(rootPath), cacheDir: join(home.path, '../cache') })
    await client.refresh()
    expect(await client.releases()).toEqual([])
    const state = await new Repository(home.path).state()
    expect([state.root, state.targets, state.snapshot, state.timestamp].map(({ signed }) => signed.version)).toEqual([2, 2, 2, 2])
  } finally {
    await registry.stop()
  }
})

test('what has expired and is not renewed is refused by hosts', async () => {
  await using home = await temporaryHome()
  const { rootPath } = await initialiseRepository(home.path)
  const registry = await startRegistry({ home: home.path, port: 0, bind: '127.0.0.1', log })
  try {
    const old = new Repository(home.path, past(lifetimeSeconds.timestamp + 86_400))
    await old.change(({ timestamp }) => old.writeTimestamp(timestamp.signed.snapshotMeta, 2))
    const client = new RegistryClient({ url: registry.url, root: await readFile(rootPath), cacheDir: join(home.path, '../cache') })
    await expect(client.refresh()).rejects.toMatchObject({ code: 'metadata-expired' })
    await renew(new Repository(home.path))
    await client.refresh()
  } finally {
    await registry.stop()
  }
})

test('roles whose keys are kept elsewhere wait, the others are signed', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path, past(lifetimeSeconds.root * 0.9))
  for (const role of ['root', 'targets']) await rm(join(home.path, 'keys', `${role}.pem`))
  expect(await renew(new Repository(home.path))).toEqual({ renewed: ['snapshot', 'timestamp'], waiting: ['root', 'targets'] })
})

test('a root that several must sign is never renewed by the registry, whatever keys lie beside it', async () => {
  await using home = await temporaryHome()
  const keys = [1, 2, 3].map(() => generateKeyPair().privateKeyPem)
  await initialiseRepository(home.path, past(lifetimeSeconds.root * 0.6), { privateKeyPems: keys, threshold: 2 })
  await writeFile(join(home.path, 'keys/root.pem'), keys[0] ?? '')
  expect(await renew(new Repository(home.path))).toEqual({ renewed: ['targets', 'snapshot', 'timestamp'], waiting: ['root'] })
  expect((await new Repository(home.path).state()).root.signed.version).toBe(1)
})

test('a registry that cannot sign serves what it has', async () => {
  await using home = await temporaryHome()
  const { rootPath } = await initialiseRepository(home.path, past(lifetimeSeconds.timestamp * 0.6))
  await rm(join(home.path, 'keys/timestamp.pem'))
  const registry = await startRegistry({ home: home.path, port: 0, bind: '127.0.0.1', log })
  try {
    expect((await fetch(`${registry.url}/health/ready`)).status).toBe(200)
    await new RegistryClient({ url: registry.url, root: await readFile(rootPath), cacheDir: join(home.path, '../cache') }).refresh()
  } finally {
    await registry.stop()
  }
})

test('the log warns at every start of what waits for a key', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path, past(lifetimeSeconds.root * 0.6))
  await rm(join(home.path, 'keys/root.pem'))
  const lines: string[] = []
  const listening = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) })
  for (const _ of ['first', 'again']) {
    const renewer = new Renewer(new Repository(home.path), listening)
    await renewer.start()
    renewer.stop()
  }
  expect(lines).toEqual([expect.stringContaining('"roles":["root"]'), expect.stringContaining('"roles":["root"]')])
})
