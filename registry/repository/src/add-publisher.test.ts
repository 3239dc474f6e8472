import { generateKeyPair } from '@opsflux/registry-metadata'
import { expect, test } from 'vitest'
import { addPublisher } from './add-publisher.ts'
import { initialiseRepository } from './initialise.ts'
import { publishersOf } from './publishers.ts'
import { Repository } from './repository.ts'
import { temporaryHome } from './testing.ts'

const key = generateKeyPair()
const opsflux = { name: 'opsflux', prefixes: ['hse-'], publicKeyPem: key.publicKeyPem }

async function publishers(home: string): Promise<{ version: number; all: [string, string[], string[]][] }> {
  const { targets } = await new Repository(home).state()
  return { version: targets.signed.version, all: publishersOf(targets.signed).map(({ name, prefixes, keys }) => [name, prefixes, keys.map(({ keyid }) => keyid)]) }
}

test('a publisher is delegated to, and the same again changes nothing', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  expect(await addPublisher(home.path, opsflux)).toEqual({ changed: true })
  expect(await addPublisher(home.path, opsflux)).toEqual({ changed: false })
  expect(await publishers(home.path)).toEqual({ version: 2, all: [['opsflux', ['hse-'], [key.keyid]]] })
})

test('other prefixes or another key make a new version and leave the other publishers alone', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  const other = generateKeyPair()
  await addPublisher(home.path, opsflux)
  await addPublisher(home.path, { name: 'other', prefixes: ['other-'], publicKeyPem: other.publicKeyPem })
  await addPublisher(home.path, { ...opsflux, prefixes: ['hse-', 'hr-'] })
  await addPublisher(home.path, { ...opsflux, prefixes: ['hse-', 'hr-'], publicKeyPem: [key.publicKeyPem, other.publicKeyPem] })
  expect(await publishers(home.path)).toEqual({ version: 5, all: [['opsflux', ['hse-', 'hr-'], [key.keyid, other.keyid]], ['other', ['other-'], [other.keyid]]] })
})

test('several added at once are all there', async () => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  await Promise.all(['one', 'two', 'three'].map((name) => addPublisher(home.path, { name, prefixes: [`${name}-`], publicKeyPem: key.publicKeyPem })))
  expect((await publishers(home.path)).all.map(([name]) => name).toSorted()).toEqual(['one', 'three', 'two'])
})

test.each([['hse-'], ['hse-reports-'], ['h-', 'hs-', 'hse-x-']])('a prefix that could cover an id of another publisher is refused: %s', async (...prefixes) => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  await addPublisher(home.path, opsflux)
  await expect(addPublisher(home.path, { ...opsflux, name: 'other', prefixes })).rejects.toMatchObject({ code: 'conflict' })
})

test.each([
  { name: 'Ops Flux' }, { name: '../x' }, { name: '' }, { prefixes: [] }, { prefixes: ['hse'] }, { prefixes: ['*'] }, { prefixes: [''] }, { publicKeyPem: 'no key' }, { publicKeyPem: [] },
])('%j is refused', async (wrong) => {
  await using home = await temporaryHome()
  await initialiseRepository(home.path)
  await expect(addPublisher(home.path, { ...opsflux, ...wrong })).rejects.toMatchObject({ code: 'invalid-request' })
  expect((await publishers(home.path)).all).toEqual([])
})
