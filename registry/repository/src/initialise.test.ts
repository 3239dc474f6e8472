import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseRoot, parseSnapshot } from '@opsflux/registry-metadata'
import { expect, test } from 'vitest'
import { initialiseRepository } from './initialise.ts'
import { Repository } from './repository.ts'
import { temporaryHome } from './testing.ts'

test('a new repository has a root to pin, and consistent snapshots', async () => {
  await using home = await temporaryHome()
  const { created, rootPath } = await initialiseRepository(home.path)
  expect([created, rootPath]).toEqual([true, join(home.path, 'root.json')])
  expect(await readdir(join(home.path, 'metadata'))).toEqual(['1.root.json', '1.snapshot.json', '1.targets.json', 'timestamp.json'])
  const root = parseRoot(await readFile(rootPath))
  expect(root.signed.consistentSnapshot).toBe(true)
  expect(() => root.verifyDelegate('root', root)).not.toThrow()
  const snapshot = parseSnapshot(await readFile(join(home.path, 'metadata/1.snapshot.json')))
  expect(() => root.verifyDelegate('snapshot', snapshot)).not.toThrow()
})

test('the keys are four, and for their owner alone', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  const names = await readdir(join(home.path, 'keys'))
  expect(names).toEqual(['root.pem', 'snapshot.pem', 'targets.pem', 'timestamp.pem'])
  const keys = await Promise.all(names.map((name) => readFile(join(home.path, 'keys', name), 'utf8')))
  expect(new Set(keys).size).toBe(4)
  if (process.platform !== 'win32') for (const name of names) expect((await stat(join(home.path, 'keys', name))).mode & 0o777).toBe(0o600)
})

test('run again, it changes nothing', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  const before = await readFile(join(home.path, 'metadata/timestamp.json'))
  expect((await initialiseRepository(home.path)).created).toBe(false)
  expect(await readFile(join(home.path, 'metadata/timestamp.json'))).toEqual(before)
})

test('two at once make one repository', async () => {
  await using home = await temporaryHome()
  const both = await Promise.all([initialiseRepository(home.path), initialiseRepository(home.path)])
  expect(both.map(({ created }) => created).toSorted()).toEqual([false, true])
})

test('after it was interrupted it goes on, with the root that may be pinned already', async () => {
  await using home = await temporaryHome()
  const { rootPath } = await initialiseRepository(home.path)
  const root = await readFile(rootPath)
  for (const file of ['metadata/timestamp.json', 'metadata/1.snapshot.json', 'root.json']) await rm(join(home.path, file))
  expect((await initialiseRepository(home.path)).created).toBe(true)
  expect(await readFile(rootPath)).toEqual(root)
  const state = await new Repository(home.path).state()
  expect(() => state.root.verifyDelegate('targets', state.targets)).not.toThrow()
})

test('a folder that was never initialised says so', async () => {
  await using home = await temporaryHome()
  await expect(new Repository(home.path).state()).rejects.toMatchObject({ code: 'not-ready' })
})
