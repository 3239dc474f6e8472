import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor } from '@opsflux/data'
import type { Json } from '@opsflux/sdk'
import { codeOf } from '../files/code-of.ts'
import { recordLimits } from './limits.ts'
import { people, RecordScene, sites } from './test-fixture.ts'

let scene: RecordScene
beforeAll(async () => { scene = await RecordScene.start() })
afterAll(() => scene?.test.close())

const { admin, editor, reader, stranger, north, foreigner } = people
const attach = (who: Actor, id: string, file: Json) => scene.send(who, 'POST', `incident/${id}/attachments`, { file })
const names = async (id: string, query = ''): Promise<Json> => ((await scene.send(reader, 'GET', `incident/${id}/attachments${query}`)).body['data'] as { name: string }[]).map(({ name }) => name)
const usesOf = async (id: string): Promise<unknown[]> => (await scene.rows(`select coalesce(field, 'attached') as use from opsflux.file_use where record_id = '${id}' order by 1`)).map((row) => row['use'])

test('who may edit a record attaches files of his own; who sees it sees them', async () => {
  const [id, file] = [await scene.incident(), await scene.file(editor, 'plan.pdf')]
  const { status, body } = await attach(editor, id, file.toUpperCase())
  expect({ status, body }).toEqual({ status: 201, body: { id: file, name: 'plan.pdf', type: 'image/png', bytes: 9, sha256: 'a'.repeat(64), createdAt: expect.any(String), createdBy: editor.userId, attachedAt: expect.stringMatching(/Z$/), attachedBy: editor.userId, attachedByName: 'editor' } })
  expect((await scene.send(reader, 'GET', `incident/${id}/attachments`)).body).toEqual({ data: [body], next: null })
  expect((await attach(editor, id, file)).body, 'twice is once').toEqual(body)
  expect((await scene.traces(id)).told).toEqual(['create', 'attachment'])
  expect((await attach(north, id, file)).body, 'by another, of one that is there').toEqual(body)
})

test('files of others, of another tenant, and what is no file cannot be attached', async () => {
  const id = await scene.incident()
  for (const file of [await scene.file(reader), await scene.file(foreigner), randomUUID(), 'x', 7, null, { id: 'x' }]) expect(await codeOf(attach(editor, id, file))).toBe('validation-failed')
  expect(await codeOf(scene.send(editor, 'POST', `incident/${id}/attachments`, { file: await scene.file(editor), name: 'x' }))).toBe('validation-failed')
  expect(await usesOf(id)).toEqual([])
})

test('attaching and taking off needs the right to edit that very record', async () => {
  const [id, southern] = [await scene.incident(), await scene.incident({ site: sites.south })]
  const file = await scene.file(editor)
  for (const record of [id, southern]) await attach(editor, record, file)
  expect(await codeOf(attach(reader, id, await scene.file(reader)))).toBe('forbidden')
  expect(await codeOf(scene.send(reader, 'DELETE', `incident/${id}/attachments/${file}`))).toBe('forbidden')
  expect(await codeOf(attach(north, southern, await scene.file(north)))).toBe('forbidden')
  expect(await codeOf(scene.send(north, 'DELETE', `incident/${southern}/attachments/${file}`))).toBe('forbidden')
  for (const [who, code] of [[stranger, 'forbidden'], [foreigner, 'not-found']] as const) {
    expect(await codeOf(scene.send(who, 'GET', `incident/${id}/attachments`))).toBe(code)
    expect(await codeOf(attach(who, id, await scene.file(who)))).toBe(code)
    expect(await codeOf(scene.send(who, 'DELETE', `incident/${id}/attachments/${file}`))).toBe(code)
  }
  expect((await scene.send(north, 'DELETE', `incident/${id}/attachments/${file}`)).status).toBe(204)
  expect(await codeOf(scene.send(north, 'DELETE', `incident/${id}/attachments/${file}`))).toBe('not-found')
  expect((await scene.traces(id)).audited).toEqual(['incident create', 'incident.attachment create', 'incident.attachment delete'])
})

test('a record has up to 100 attachments, listed in pages in the order they came', async () => {
  const id = await scene.incident()
  for (const name of ['first', 'second', 'third']) await attach(editor, id, await scene.file(editor, name))
  expect(await names(id)).toEqual(['first', 'second', 'third'])
  expect((await scene.send(reader, 'GET', `incident/${id}/attachments?limit=2`)).body['next']).toBe('2')
  expect(await names(id, '?limit=2&after=2')).toEqual(['third'])
  await scene.rows(`with made as (insert into opsflux.file (id, tenant_id, name, type, bytes, sha256, created_by)
      select gen_random_uuid(), tenant_id, 'x', 'text/plain', 1, repeat('a', 64), created_by from opsflux.file, generate_series(1, ${recordLimits.attachments - 4}) where name = 'first' returning id)
    insert into opsflux.file_use (tenant_id, file_id, plugin_id, entity, record_id, by) select u.tenant_id, m.id, plugin_id, entity, record_id, by from made m, opsflux.file_use u join opsflux.file f on f.id = u.file_id and f.name = 'first'`)
  const [last, more] = [await scene.file(editor), await scene.file(editor)]
  const outcomes = await Promise.allSettled([attach(editor, id, last), attach(editor, id, more)])
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await usesOf(id)).toHaveLength(recordLimits.attachments)
})

test('a `file` field takes the user\'s own files, or what the record has there; its uses follow it', async () => {
  const [own, others] = [await scene.file(editor), await scene.file(reader)]
  const id = await scene.incident({ photo: own }, editor)
  expect(await usesOf(id)).toEqual(['photo'])
  expect(await codeOf(scene.send(editor, 'PATCH', `incident/${id}`, { photo: others }, { 'if-match': '"1"' }))).toBe('validation-failed')
  expect((await scene.send(north, 'PATCH', `incident/${id}`, { photo: own, title: 'Seen' }, { 'if-match': '"1"' })).status).toBe(200)
  await attach(editor, id, own)
  expect(await usesOf(id)).toEqual(['attached', 'photo'])
  await scene.send(editor, 'PATCH', `incident/${id}`, { photo: null }, { 'if-match': '"2"' })
  expect(await usesOf(id)).toEqual(['attached'])
})

test('uses last in the bin, and end when the record is erased', async () => {
  const [erased, other] = [await scene.incident(), await scene.incident()]
  for (const id of [erased, other]) await attach(editor, id, await scene.file(editor))
  await scene.send(admin, 'DELETE', `incident/${erased}`, undefined, { 'if-match': '"1"' })
  expect(await usesOf(erased)).toEqual(['attached'])
  await scene.send(admin, 'POST', `incident/${erased}/purge`, undefined, { 'if-match': '"2"' })
  expect([await usesOf(erased), await usesOf(other)]).toEqual([[], ['attached']])
})
