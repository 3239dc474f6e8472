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
const say = async (who: Actor, id: string, text: Json, parent?: Json) => (await scene.send(who, 'POST', `incident/${id}/comments`, { text, ...(parent === undefined ? {} : { parent }) })).body
const read = async (who: Actor, id: string, query = '') => (await scene.send(who, 'GET', `incident/${id}/comments${query}`)).body
const texts = async (id: string): Promise<Json[]> => ((await read(admin, id))['data'] as { text: string }[]).map(({ text }) => text)

test('who sees a record comments it; the oldest comment comes first, a page at a time', async () => {
  const id = await scene.incident()
  const first = await scene.send(reader, 'POST', `incident/${id}/comments`, { text: 'Was the valve closed?' })
  expect(first).toMatchObject({ status: 201, headers: { location: `/api/test-incidents/incident/${id}/comments/${String(first.body['id'])}` } })
  expect(first.body).toEqual({ id: expect.any(String), text: 'Was the valve closed?', createdAt: expect.stringMatching(/Z$/), createdBy: reader.userId, authorName: 'reader', editedAt: null, deletedAt: null, parent: null })
  const answer = await say(editor, id, 'It was.', first.body['id'])
  const page = await read(reader, id, '?limit=1')
  expect(page).toEqual({ data: [first.body], next: first.body['id'] })
  expect(await read(reader, id, `?limit=1&after=${String(page['next'])}`)).toEqual({ data: [answer], next: null })
})

test('threads have one level', async () => {
  const [id, other] = [await scene.incident(), await scene.incident()]
  const answer = await say(reader, id, 'b', (await say(reader, id, 'a'))['id'])
  expect(await codeOf(say(reader, id, 'c', answer['id']))).toBe('validation-failed')
  for (const parent of [randomUUID(), 'x', 7, (await say(reader, other, 'a'))['id'] ?? null]) expect(await codeOf(say(reader, id, 'c', parent))).toBe('validation-failed')
})

test('one\'s own is changed and deleted; that of others by who manages the record alone, and only deleted', async () => {
  const id = await scene.incident()
  const comment = `incident/${id}/comments/${String((await say(reader, id, 'first'))['id'])}`
  expect((await scene.send(reader, 'PATCH', comment, { text: 'second' })).body).toMatchObject({ text: 'second', editedAt: expect.stringMatching(/Z$/) })
  for (const who of [editor, admin]) expect(await codeOf(scene.send(who, 'PATCH', comment, { text: 'mine now' }))).toBe('forbidden')
  expect(await codeOf(scene.send(editor, 'DELETE', comment))).toBe('forbidden')
  expect((await scene.send(north, 'DELETE', comment)).status).toBe(204)
  for (const method of ['PATCH', 'DELETE']) expect(await codeOf(scene.send(reader, method, comment, { text: 'x' }))).toBe('not-found')
  const southern = await scene.incident({ site: sites.south })
  const there = String((await say(reader, southern, 'x'))['id'])
  expect(await codeOf(scene.send(north, 'DELETE', `incident/${southern}/comments/${there}`)), 'he manages another site').toBe('forbidden')
  expect((await scene.send(reader, 'DELETE', `incident/${southern}/comments/${there}`)).status).toBe(204)
})

test('one with answers leaves its place, which goes with the last of them', async () => {
  const id = await scene.incident()
  const [question, other] = [await say(reader, id, 'question'), await say(reader, id, 'other')]
  const answers = [await say(editor, id, 'one', question['id']), await say(editor, id, 'two', question['id'])]
  await scene.send(reader, 'DELETE', `incident/${id}/comments/${String(question['id'])}`)
  expect((await read(reader, id))['data']).toMatchObject([{ id: question['id'], text: '', deletedAt: expect.any(String) }, { id: other['id'] }, ...answers])
  expect(await codeOf(say(editor, id, 'three', question['id']))).toBe('validation-failed')
  for (const answer of answers) await scene.send(editor, 'DELETE', `incident/${id}/comments/${String(answer['id'])}`)
  expect(await texts(id)).toEqual(['other'])
})

test('nobody comments what he does not see, and another tenant finds nothing', async () => {
  const id = await scene.incident()
  const { id: commentId } = await say(reader, id, 'mine')
  for (const [method, path, body] of [['GET', '', undefined], ['POST', '', { text: 'x' }], ['PATCH', `/${String(commentId)}`, { text: 'x' }], ['DELETE', `/${String(commentId)}`, undefined]] as const) {
    expect(await codeOf(scene.send(stranger, method, `incident/${id}/comments${path}`, body))).toBe('forbidden')
    expect(await codeOf(scene.send(foreigner, method, `incident/${id}/comments${path}`, body))).toBe('not-found')
  }
  expect(await texts(id)).toEqual(['mine'])
  const other = await scene.incident()
  expect(await codeOf(scene.send(reader, 'DELETE', `incident/${other}/comments/${String(commentId)}`)), 'under the address of another record').toBe('not-found')
})

test.each([
  ['nothing', {}], ['blanks', { text: ' \n' }], ['too much', { text: 'x'.repeat(recordLimits.commentCharacters + 1) }], ['a number', { text: 7 }], ['what cannot be stored', { text: 'a\0b' }], ['half a character', { text: '\ud800' }], ['more', { text: 'x', authorName: 'y' }],
])('%s is no comment', async (_, body) => {
  expect(await codeOf(scene.send(reader, 'POST', `incident/${await scene.incident()}/comments`, body))).toBe('validation-failed')
})

test('a comment has up to 10,000 characters, and a record up to 1,000 comments', async () => {
  const id = await scene.incident()
  const text = '👷'.repeat(recordLimits.commentCharacters)
  expect(await say(reader, id, text)).toMatchObject({ text })
  await scene.rows(`insert into opsflux.comment (id, tenant_id, plugin_id, entity, record_id, text, created_by)
    select gen_random_uuid(), tenant_id, plugin_id, entity, record_id, 'x', created_by from opsflux.comment, generate_series(1, ${recordLimits.comments - 2}) where record_id = '${id}'`)
  await say(reader, id, 'the last')
  expect(await codeOf(say(reader, id, 'one more'))).toBe('conflict')
})

test.each([['GET', '?limit=0', 'invalid-request'], ['GET', '?limit=201', 'invalid-request'], ['GET', '?after=x', 'invalid-request'], ['GET', '?q=x', 'invalid-request'], ['GET', '?limit=1&limit=2', 'invalid-request'], ['PUT', '', 'method-not-allowed'], ['GET', '/x', 'not-found'], ['PATCH', '/x/y', 'not-found']])(
  '%s comments%s is refused', async (method, path, code) => expect(await codeOf(scene.send(admin, method, `incident/${await scene.incident()}/comments${path}`, {}))).toBe(code))

test('every change is in the audit trail and told to open pages; the record, its history and its revision stay as they are', async () => {
  const id = await scene.incident()
  const { id: commentId } = await say(reader, id, 'a')
  await scene.send(reader, 'PATCH', `incident/${id}/comments/${String(commentId)}`, { text: 'b' })
  await scene.send(reader, 'DELETE', `incident/${id}/comments/${String(commentId)}`)
  expect(await scene.traces(id)).toEqual({ audited: ['incident create', 'incident.comment create', 'incident.comment update', 'incident.comment delete'], told: ['create', 'comment', 'comment', 'comment'] })
  expect(await scene.rows(`select changes, user_id from opsflux.audit_entry where record_id = '${id}' and action = 'update'`)).toEqual([{ user_id: reader.userId, changes: { comment: { from: commentId, to: commentId }, text: { from: 'a', to: 'b' } } }])
  expect((await scene.send(reader, 'GET', `incident/${id}/history`)).body['data']).toHaveLength(1)
  expect((await scene.send(reader, 'GET', `incident/${id}`)).headers['etag']).toBe('"1"')
})

test('comments go when the record is erased, and not when it is put in the bin', async () => {
  const id = await scene.incident()
  await say(reader, id, 'a')
  await scene.send(admin, 'DELETE', `incident/${id}`, undefined, { 'if-match': '"1"' })
  expect(await codeOf(say(reader, id, 'b'))).toBe('not-found')
  expect(await scene.rows(`select text from opsflux.comment where record_id = '${id}'`)).toHaveLength(1)
  await scene.send(admin, 'POST', `incident/${id}/purge`, undefined, { 'if-match': '"2"' })
  expect(await scene.rows(`select text from opsflux.comment where record_id = '${id}'`)).toEqual([])
})

test('an entity without the feature has no such address', async () => {
  const { body: { id } } = await scene.send(admin, 'POST', 'plain', { title: 'x' })
  for (const name of ['comments', 'attachments', 'versions']) expect(await codeOf(scene.send(admin, 'GET', `plain/${String(id)}/${name}`))).toBe('not-found')
})

test('two at once answer and delete the same comment, and neither waits for ever', async () => {
  const id = await scene.incident()
  const { id: parent } = await say(reader, id, 'question')
  const outcomes = await Promise.allSettled([say(editor, id, 'answer', parent), scene.send(reader, 'DELETE', `incident/${id}/comments/${String(parent)}`), say(editor, id, 'another', parent)])
  expect(outcomes.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : [])).every((code) => code === 'validation-failed')).toBe(true)
})
