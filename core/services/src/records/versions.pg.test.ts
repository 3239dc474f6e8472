import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Actor } from '@opsflux/data'
import type { Json } from '@opsflux/sdk'
import { codeOf } from '../files/code-of.ts'
import { recordLimits } from './limits.ts'
import { people, RecordScene, sites } from './test-fixture.ts'

let scene: RecordScene
beforeAll(async () => { scene = await RecordScene.start() })
afterAll(() => scene?.test.close())

const { admin, editor, reader, stranger, foreigner } = people
const get = async (who: Actor, id: string, path = '') => (await scene.send(who, 'GET', `incident/${id}/versions${path}`)).body
const change = (id: string, revision: number, values: { [field: string]: Json }, who: Actor = admin) => scene.send(who, 'PATCH', `incident/${id}`, values, { 'if-match': `"${revision}"` })
const restore = (who: Actor, id: string, version: number, seen?: number) => scene.send(who, 'POST', `incident/${id}/versions/${version}/restore`, undefined, seen === undefined ? {} : { 'if-match': `"${seen}"` })

/** Four revisions: made, changed twice, closed. */
async function history(): Promise<string> {
  const id = await scene.incident({ people: 1, happenedAt: '2026-03-01T09:30:00+01:00', cost: 100, pin: '1234' })
  await change(id, 1, { title: 'Big leak', people: 2, happenedAt: '2026-03-01T10:00:00Z' })
  await change(id, 2, { cost: 200, pin: '5678' })
  await scene.send(admin, 'POST', `incident/${id}/transitions/close`, undefined, { 'if-match': '"3"' })
  return id
}

test('every revision is listed, the latest first, and told as it was', async () => {
  const id = await history()
  expect(await codeOf(change(id, 4, { title: 'x' }, reader)), 'what was refused is no version').toBe('forbidden')
  const list = await get(admin, id)
  expect(list).toEqual({ next: null, data: [[4, 'transition'], [3, 'update'], [2, 'update'], [1, 'create']].map(([revision, action]) => ({ revision, action, at: expect.stringMatching(/Z$/), userId: admin.userId })) })
  expect((await get(admin, id, '?limit=1'))['next']).toBe('4')
  expect((await get(admin, id, '?limit=2&after=3'))['data']).toMatchObject([{ revision: 2 }, { revision: 1 }])
  expect((await get(admin, id, '/4'))['record']).toEqual((await scene.send(admin, 'GET', `incident/${id}`)).body)
  expect((await get(admin, id, '/2'))['record']).toMatchObject({ revision: 2, title: 'Big leak', people: 2, happenedAt: '2026-03-01T10:00:00.000Z', cost: 100, state: 'draft' })
  const first = await get(admin, id, '/1')
  expect(first).toMatchObject({ revision: 1, action: 'create', record: { revision: 1, title: 'Leak', people: 1, happenedAt: '2026-03-01T08:30:00.000Z', cost: 100, site: sites.north } })
  expect(Object.keys(first['record'] as object)).not.toEqual(expect.arrayContaining(['pin']))
})

test('two versions are compared either way round', async () => {
  const id = await history()
  expect(await get(admin, id, '/1/diff/3')).toEqual({ from: 1, to: 3, changes: { title: { from: 'Leak', to: 'Big leak' }, people: { from: 1, to: 2 }, happenedAt: { from: '2026-03-01T08:30:00.000Z', to: '2026-03-01T10:00:00.000Z' }, cost: { from: 100, to: 200 } } })
  expect(((await get(admin, id, '/4/diff/3'))['changes'])).toEqual({ state: { from: 'closed', to: 'draft' } })
  expect(((await get(admin, id, '/2/diff/2'))['changes'])).toEqual({})
})

test('fields the reader may not see are in no version and in no comparison', async () => {
  const id = await history()
  expect(Object.keys((await get(reader, id, '/1'))['record'] as object)).toEqual(expect.not.arrayContaining(['cost', 'site']))
  expect(Object.keys((await get(reader, id, '/1/diff/4'))['changes'] as object).toSorted()).toEqual(['happenedAt', 'people', 'state', 'title'])
  expect(JSON.stringify(await get(reader, id, '/3'))).not.toMatch(/"(1234|cost|site)"|encrypted/)
})

test('restoring is an update like any other: of what is seen, written down, on the revision that was read; the state stays', async () => {
  const id = await history()
  expect(await codeOf(restore(editor, id, 1))).toBe('invalid-request')
  expect(await codeOf(restore(editor, id, 1, 3))).toBe('stale-record')
  expect(await codeOf(restore(reader, id, 1, 4))).toBe('forbidden')
  const restored = await restore(editor, id, 1, 4)
  expect(restored).toMatchObject({ status: 200, headers: { etag: '"5"' }, body: { revision: 5, title: 'Leak', people: 1, happenedAt: '2026-03-01T08:30:00.000Z', state: 'closed' } })
  expect((await scene.send(admin, 'GET', `incident/${id}`)).body, 'what its editor does not see stays').toMatchObject({ cost: 200, site: sites.north, pin: '5678' })
  expect((await get(admin, id, '/4/diff/5'))['changes']).toMatchObject({ title: { from: 'Big leak', to: 'Leak' } })
  expect((await scene.traces(id)).audited.at(-1)).toBe('incident update')
  expect((await restore(admin, id, 2, 5)).body).toMatchObject({ title: 'Big leak', cost: 100 })
  expect((await restore(admin, id, 6, 6)).body, 'nothing to give again').toMatchObject({ revision: 6 })
})

test('values that are not accepted any more are refused, and nothing is written', async () => {
  const file = await scene.file(admin)
  const id = await scene.incident({ photo: file })
  await change(id, 1, { photo: null, title: 'Without' })
  await scene.rows(`delete from opsflux.file where id = '${file}'`)
  expect(await codeOf(restore(admin, id, 1, 2))).toBe('validation-failed')
  expect((await scene.send(admin, 'GET', `incident/${id}`)).body).toMatchObject({ revision: 2, title: 'Without' })
})

test.each([['/0'], ['/5'], ['/-1'], ['/1e0'], ['/x'], ['/1/2'], ['/1/diff'], ['/1/diff/x'], ['/1/diff/2/3'], ['/999999999999']])('there is no version %s', async (path) => {
  expect(await codeOf(get(admin, await history(), path))).toBe('not-found')
})

test('who does not see the record sees no version of it', async () => {
  const id = await history()
  for (const path of ['', '/1', '/1/diff/2']) {
    expect(await codeOf(get(stranger, id, path))).toBe('forbidden')
    expect(await codeOf(get(foreigner, id, path))).toBe('not-found')
  }
  expect(await codeOf(restore(foreigner, id, 1, 4))).toBe('not-found')
  expect(await codeOf(scene.send(admin, 'PATCH', `incident/${id}/versions/1`, {}))).toBe('method-not-allowed')
  expect(await codeOf(scene.send(admin, 'GET', `incident/${id}/versions/1/restore`))).toBe('method-not-allowed')
})

test('a history with a gap, or longer than 2,000 revisions, tells nothing beyond', async () => {
  const [gap, long] = [await history(), await history()]
  await scene.rows(`delete from opsflux.audit_entry where record_id = '${gap}' and revision = 3`)
  expect(await get(admin, gap, '/4')).toMatchObject({ revision: 4 })
  for (const path of ['/3', '/2', '/1/diff/4']) expect(await codeOf(get(admin, gap, path))).toBe('not-found')
  await scene.rows(`insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, changes)
    select gen_random_uuid(), tenant_id, at, plugin_id, entity, record_id, 'update', 4 + n, user_id, '{}' from opsflux.audit_entry, generate_series(1, ${recordLimits.versionsBack - 1}) n where record_id = '${long}' and revision = 4`)
  await scene.rows(`update p_test_incidents.incident set revision = 4 + ${recordLimits.versionsBack - 1} where id = '${long}'`)
  expect(await get(admin, long, '/3')).toMatchObject({ record: { cost: 200, state: 'draft' } })
  expect(await codeOf(get(admin, long, '/2'))).toBe('not-found')
})
