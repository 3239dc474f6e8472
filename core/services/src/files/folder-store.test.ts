import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderStore } from './folder-store.ts'

const tenantId = randomUUID()
let folder: string
let store: FolderStore

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opsflux-files-'))
  store = new FolderStore(join(folder, 'files'))
})
afterEach(() => rm(folder, { recursive: true }))

const stored = (): Promise<string[]> => readdir(folder, { recursive: true, withFileTypes: true }).then((entries) => entries.filter((entry) => entry.isFile()).map((entry) => entry.name))
const receive = (content: string, maxBytes = 100) => store.receive(tenantId, Readable.from([Buffer.from(content)]), maxBytes)

test('what is kept is found under its digest, whole or in part', async () => {
  const content = await receive('hello world')
  expect(content).toMatchObject({ bytes: 11, sha256: createHash('sha256').update('hello world').digest('hex') })
  await content.keep()
  await content.discard()
  expect(await stored()).toEqual([content.sha256])
  expect(await text(await store.open(tenantId, content.sha256))).toBe('hello world')
  expect(await text(await store.open(tenantId, content.sha256, { start: 6, end: 8 }))).toBe('wor')
})

test('the same content is kept once for a tenant, and apart from that of another', async () => {
  for (let again = 0; again < 2; again++) await (await receive('same')).keep()
  const other = await store.receive(randomUUID(), Readable.from([Buffer.from('same')]), 100)
  await other.keep()
  expect(await stored()).toHaveLength(2)
  const contents = []
  for await (const content of store.contents()) contents.push(content)
  expect(contents).toHaveLength(2)
})

test('keeping twice is fine, and keeping what is gone is not', async () => {
  const content = await receive('x')
  await content.keep()
  await content.keep()
  await store.remove(tenantId, content.sha256)
  await store.remove(tenantId, content.sha256)
  await expect(content.keep()).rejects.toThrow()
})

test('an upload that is let go, too large or broken off leaves nothing', async () => {
  await (await receive('x')).discard()
  await expect(receive('x'.repeat(101))).rejects.toMatchObject({ code: 'payload-too-large' })
  const broken = Readable.from((function* () { yield Buffer.from('half'); throw new Error('client gone') })())
  await expect(store.receive(tenantId, broken, 100)).rejects.toThrow('client gone')
  expect(await stored()).toEqual([])
  expect(await (await receive('x'.repeat(100))).bytes).toBe(100)
})

test('a content that is missing is told, not made up', async () => {
  await expect(store.open(tenantId, 'a'.repeat(64))).rejects.toMatchObject({ code: 'not-ready' })
})

test('what a killed host left is removed after an hour, what is under way is not', async () => {
  await (await receive('kept')).keep()
  const [old, young] = ['.upload-old', '.upload-young'].map((name) => join(folder, 'files', name))
  for (const path of [old, young]) await writeFile(path ?? '', 'half')
  await utimes(old ?? '', new Date(), new Date(Date.now() - 3_700_000))
  await store.sweepUnfinished(1)
  expect((await stored()).filter((name) => name.startsWith('.'))).toEqual(['.upload-young'])
  expect(await readFile(young ?? '', 'utf8')).toBe('half')
})
