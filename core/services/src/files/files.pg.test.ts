import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql, type DatabaseTransaction } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { codeOf } from './code-of.ts'
import { FileSweep } from './file-sweep.ts'
import { findFiles, forgetFileUses, noteFileUses, type FileUse, type RecordAddress } from './file-uses.ts'
import { Files, type FileReader } from './files.ts'
import { FolderStore } from './folder-store.ts'
import { fileLimits } from './limits.ts'
import { fileMigrations } from './migrations.ts'

const sees: FileReader['maySee'] = async () => true
const seesNothing: FileReader['maySee'] = async () => false
const [tenantA, tenantB] = [randomUUID(), randomUUID()]
const alice: FileReader = { tenantId: tenantA, userId: randomUUID(), maySee: seesNothing }
const bob: FileReader = { ...alice, userId: randomUUID() }
const carol: FileReader = { tenantId: tenantB, userId: randomUUID(), maySee: sees }
const record = (): RecordAddress => ({ pluginId: 'test-works', entity: 'incident', id: randomUUID() })

let opened: TestDatabase
let folder: string
let store: FolderStore
let files: Files
let sweep: FileSweep

beforeAll(async () => {
  opened = await testDatabase({ kernelMigrations: fileMigrations() })
  await opened.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'A'), ($2, 'B')", [tenantA, tenantB])
  folder = await mkdtemp(join(tmpdir(), 'opsflux-files-'))
  store = new FolderStore(folder)
  files = new Files(opened.database, store)
  sweep = new FileSweep(opened.database, store, pino({ level: 'silent' }))
})
afterAll(async () => {
  await opened.close()
  await rm(folder, { recursive: true })
})

const upload = (by: FileReader, content: string = randomUUID(), name = 'note.txt') => files.receive(by, Readable.from([Buffer.from(content)]), { name, declaredType: 'text/plain' })
const as = <T>(who: FileReader, work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> => opened.database.transaction(who, work)
const use = (who: FileReader, address: RecordAddress, values: Record<string, string | null>) => as(who, (transaction) => noteFileUses(transaction, address, values))
const contents = async (): Promise<string[]> => (await readdir(folder, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name))
const age = (id: string, hours: number) => opened.database.admin.query('update opsflux.file set unused_since = now() - make_interval(hours => $2) where id = $1', [id, hours])

test('an upload is answered with what it is, and read again by who sent it', async () => {
  const file = await upload(alice, 'hello')
  expect(file).toEqual({ id: expect.any(String), name: 'note.txt', type: 'text/plain', bytes: 5, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), createdAt: expect.stringMatching(/Z$/), createdBy: alice.userId })
  expect(await files.find(alice, file.id)).toEqual(file)
  expect(await text(await files.open(alice, file))).toBe('hello')
})

test('an empty file is refused, and nothing of it stays', async () => {
  const before = await readdir(folder)
  expect(await codeOf(upload(alice, ''))).toBe('invalid-request')
  expect(await readdir(folder)).toEqual(before)
})

test('others see a file only where they see a use of it; another tenant never does', async () => {
  const file = await upload(alice)
  const address = record()
  expect(await codeOf(files.find(bob, file.id))).toBe('not-found')
  expect(await codeOf(files.find({ ...bob, maySee: sees }, file.id))).toBe('not-found')
  await use(alice, address, { photo: file.id })
  const asked: FileUse[] = []
  expect(await files.find({ ...bob, maySee: async (one) => asked.push(one) > 0 }, file.id)).toEqual(file)
  expect(asked).toEqual([{ ...address, field: 'photo', fileId: file.id }])
  expect(await codeOf(files.find(bob, file.id))).toBe('not-found')
  expect(await codeOf(files.find(carol, file.id))).toBe('not-found')
  expect(await codeOf(files.remove(carol, file.id))).toBe('not-found')
  expect(await codeOf(files.find(alice, randomUUID()))).toBe('not-found')
})

test('of what uses a file, the latest 100 are looked at', async () => {
  const file = await upload(alice)
  const seen = record()
  await use(alice, seen, { photo: file.id })
  const findAs = () => files.find({ ...bob, maySee: async ({ id }) => id === seen.id }, file.id)
  const addUses = (count: number) => opened.database.admin.query(`insert into opsflux.file_use (tenant_id, file_id, plugin_id, entity, record_id, field, at, by)
    select $1, $2, 'test-works', 'incident', gen_random_uuid(), 'photo', now() + interval '1 minute', $3 from generate_series(1, $4)`, [tenantA, file.id, alice.userId, count])
  await addUses(fileLimits.usesLookedAt - 1)
  expect(await findAs()).toEqual(file)
  await addUses(1)
  expect(await codeOf(findAs())).toBe('not-found')
})

test('a file is removed by who sent it, unless a record uses it; its content goes with the last file that has it', async () => {
  const [first, second] = [await upload(alice, 'twice'), await upload(alice, 'twice', 'other.txt')]
  const address = record()
  await use(alice, address, { photo: first.id })
  expect(await codeOf(files.remove(alice, first.id))).toBe('conflict')
  expect(await codeOf(files.remove({ ...bob, maySee: sees }, first.id))).toBe('forbidden')
  await use(alice, address, { photo: null })
  await files.remove(alice, first.id)
  expect(await text(await files.open(alice, second))).toBe('twice')
  await files.remove(alice, second.id)
  expect((await contents()).some((path) => path.endsWith(second.sha256))).toBe(false)
})

test('a record may be given files its user sent, and keep those it has: no others', async () => {
  const [own, others, foreign] = [await upload(alice), await upload(bob), await upload(carol)]
  const ids = [own.id, others.id, foreign.id, randomUUID()]
  const [address, another] = [record(), record()]
  expect([...await as(alice, (transaction) => findFiles(transaction, ids, alice))]).toEqual([[own.id, 'note.txt']])
  await use(bob, address, { photo: others.id })
  expect([...(await as(alice, (transaction) => findFiles(transaction, ids, alice, address))).keys()].toSorted()).toEqual([own.id, others.id].toSorted())
  expect([...(await as(alice, (transaction) => findFiles(transaction, ids, alice, another))).keys()]).toEqual([own.id])
  await expect(use(alice, address, { photo: foreign.id }), 'the database refuses it by itself').rejects.toMatchObject({ code: '23503' })
})

test('fields of a record use what they hold now', async () => {
  const [first, second] = [await upload(alice), await upload(alice)]
  const address = record()
  const uses = async () => (await opened.database.admin.query<{ field: string; file_id: string }>('select field, file_id from opsflux.file_use where record_id = $1 order by field', [address.id])).rows.map((row) => [row.field, row.file_id])
  await use(alice, address, { photo: first.id, plan: second.id })
  await use(alice, address, { photo: second.id })
  await use(alice, address, { photo: second.id, other: null })
  expect(await uses()).toEqual([['photo', second.id], ['plan', second.id]])
  await as(alice, async (transaction) => forgetFileUses(transaction, address))
  expect(await uses()).toEqual([])
})

test('files that no record has used for a day go, with contents nobody has; the others stay', async () => {
  const [old, young, used, detached] = [await upload(alice), await upload(alice), await upload(alice), await upload(alice)]
  const address = record()
  await use(alice, address, { used: used.id, detached: detached.id })
  await use(alice, address, { detached: null })
  for (const id of [old.id, used.id]) await age(id, fileLimits.unusedHours + 1)
  await age(young.id, fileLimits.unusedHours - 1)
  const orphan = await store.receive(tenantA, Readable.from([Buffer.from('written, and the host killed before it was noted')]), 100)
  await orphan.keep()
  await sweep.sweep()
  expect(await codeOf(files.find(alice, old.id))).toBe('not-found')
  for (const file of [young, used, detached]) expect(await files.find(alice, file.id)).toEqual(file)
  const left = (await contents()).join()
  expect([old, orphan].filter(({ sha256 }) => left.includes(sha256))).toEqual([])
  expect([young, used, detached].every(({ sha256 }) => left.includes(sha256))).toBe(true)
})

test('a file that is being put into a record while it is swept stays', async () => {
  const file = await upload(alice)
  await age(file.id, fileLimits.unusedHours + 1)
  await as(alice, async (transaction) => {
    await noteFileUses(transaction, record(), { photo: file.id })
    await transaction.texts(sql`select 1`)
    await sweep.sweep()
  })
  await sweep.sweep()
  expect(await files.find(alice, file.id)).toEqual(file)
})

test('nobody fills the disk with files that no record uses, or with uploads that never end', async () => {
  const dave: FileReader = { ...alice, userId: randomUUID() }
  const fill = (count: number) => opened.database.admin.query(
    `insert into opsflux.file (id, tenant_id, name, type, bytes, sha256, created_by) select gen_random_uuid(), $1, 'x', 'text/plain', 1, repeat('a', 64), $2 from generate_series(1, $3)`, [tenantA, dave.userId, count])
  await fill(fileLimits.unused - 1)
  const last = await upload(dave)
  expect(await codeOf(upload(dave))).toBe('too-many-requests')
  await use(dave, record(), { photo: last.id })
  const streams = Array.from({ length: fileLimits.atOnce }, () => new Readable({ read() {} }).on('error', () => undefined))
  const under = streams.map((stream) => files.receive(dave, stream, { name: 'x', declaredType: '' }))
  expect(await codeOf(upload(dave))).toBe('too-many-requests')
  for (const stream of streams) stream.destroy(new Error('client gone'))
  expect((await Promise.allSettled(under)).every(({ status }) => status === 'rejected')).toBe(true)
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
  await files.remove(dave, (await upload(dave)).id)
})
