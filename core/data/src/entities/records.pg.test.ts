import { OpsFluxError, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { handleEntityRequest } from './entity-request.ts'
import type { Actor } from './entity-transaction.ts'
import { alice, bob, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
beforeAll(async () => { works = await worksDatabase() })
afterAll(() => works.close())

interface Sent { body?: Json; revision?: number | string; query?: string; actor?: Actor }

interface Answered { status: number; headers: Record<string, string>; body?: Json }

async function send(method: string, path: string, { body, revision, query = '', actor = alice }: Sent = {}): Promise<Answered> {
  const headers = revision === undefined ? {} : { 'if-match': typeof revision === 'string' ? revision : `"${revision}"` }
  const { text, ...answer } = await handleEntityRequest({ engine: works.engine, release: works.release, hooks: undefined }, actor, { method, path: path.split('/'), query, headers, body })
  return { ...answer, ...(text === undefined ? {} : { body: JSON.parse(text) as Json }) }
}

async function recordOf(answer: Promise<Answered>): Promise<{ [field: string]: Json }> {
  return (await answer).body as { [field: string]: Json }
}

async function problemOf(answer: Promise<unknown>): Promise<{ code: string; detail: string; errors: { path: string; code: string }[] }> {
  const error: unknown = await answer.then(() => { throw new Error('The request succeeded.') }, (reason: unknown) => reason)
  if (!(error instanceof OpsFluxError)) throw error
  return { code: error.code, detail: error.message, errors: (error.data['errors'] ?? []) as { path: string; code: string }[] }
}

const full = {
  title: 'Replace pump', notes: 'Line 1\nLine 2', code: 'WO-1', hours: 12, serial: 9_007_199_254_740_991, cost: '1234.50', urgent: true, dueDate: '2028-02-29',
  startsAt: '2026-03-01T08:30:00.1239+02:00', severity: 'high', details: { steps: [1, null, 'é'] }, assignee: bob.userId,
}

describe('the REST resource of an entity', () => {
  test('answers what was written, in one form', async () => {
    const site = await recordOf(send('POST', 'site', { body: { name: 'Angola' } }))
    const created = await send('POST', 'workOrder', { body: { ...full, site: site['id'] ?? null } })
    const record = created.body as { [field: string]: Json }
    expect(created.status).toBe(201)
    expect(created.headers).toEqual({ etag: '"1"', location: `/api/test-works/workOrder/${String(record['id'])}` })
    expect(record).toMatchObject({ ...full, startsAt: '2026-03-01T06:30:00.123Z', site: site['id'], state: 'draft', revision: 1, createdBy: alice.userId, updatedBy: alice.userId })
    expect(record['id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(record['createdAt']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(await send('GET', `workOrder/${String(record['id'])}`)).toEqual({ status: 200, headers: { etag: '"1"' }, body: record })
  })

  test('updates the given fields alone and grows the revision', async () => {
    const before = await recordOf(send('POST', 'workOrder', { body: { title: 'A', hours: 3 } }))
    const after = await send('PATCH', `workOrder/${String(before['id'])}`, { body: { title: 'B' }, revision: 1, actor: bob })
    expect(after.headers['etag']).toBe('"2"')
    expect(after.body).toMatchObject({ title: 'B', hours: 3, urgent: false, revision: 2, createdBy: alice.userId, updatedBy: bob.userId, createdAt: before['createdAt'] })
    expect(await send('DELETE', `workOrder/${String(before['id'])}`, { revision: 2 })).toEqual({ status: 204, headers: {} })
    expect(await problemOf(send('GET', `workOrder/${String(before['id'])}`))).toMatchObject({ code: 'not-found' })
  })

  test('lists with filters, sort, words and a count', async () => {
    for (const [title, hours] of [['list one', 1], ['list two', 2], ['list three', null]] as const) await send('POST', 'workOrder', { body: { title, hours, code: null } })
    const page = await send('GET', 'workOrder', { query: 'where[title][contains]=LIST&sort=-hours&limit=2&count=true' })
    expect(page.body).toMatchObject({ data: [{ title: 'list three' }, { title: 'list two' }], total: 3 })
    const { next } = page.body as { next: string }
    expect((await send('GET', 'workOrder', { query: `?where[title][contains]=LIST&sort=-hours&limit=2&after=${next}` })).body).toMatchObject({ data: [{ title: 'list one' }], next: null })
    expect((await send('GET', 'workOrder', { query: 'q=lis%20TWO' })).body).toMatchObject({ data: [{ title: 'list two' }] })
    expect((await send('GET', 'workOrder', { query: 'where[title][contains]=list&where[hours][ne]=1&sort=title' })).body).toMatchObject({ data: [{ title: 'list three' }, { title: 'list two' }] })
  })

  test('moves a record from state to state by transitions alone', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'T' } }))
    const path = `workOrder/${String(id)}`
    expect(await problemOf(send('PATCH', path, { body: { state: 'closed' }, revision: 1 }))).toMatchObject({ code: 'validation-failed', errors: [{ path: '/state', code: 'unknown' }] })
    expect(await send('POST', `${path}/transitions/open`, { revision: 1 })).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { state: 'open', revision: 2 } })
    expect(await problemOf(send('POST', `${path}/transitions/open`, { revision: 2 }))).toMatchObject({ code: 'conflict', detail: expect.stringContaining('draft') as string })
    expect(await problemOf(send('POST', `${path}/transitions/open`, { revision: 1 }))).toMatchObject({ code: 'stale-record' })
    expect(await problemOf(send('POST', `${path}/transitions/toString`, { revision: 2 }))).toMatchObject({ code: 'not-found' })
    expect(await problemOf(send('POST', `${path}/transitions/open`))).toMatchObject({ code: 'invalid-request' })
  })

  test('groups, counts and adds up exactly', async () => {
    const big = '99999999.99'
    for (const [startsAt, cost, hours, severity] of [
      ['2025-12-31T23:30:00-02:00', big, 9_007_199_254_740_991, 'low'], ['2026-01-31T23:59:59.999Z', big, 9_007_199_254_740_991, 'low'], ['2026-02-01T00:00:00Z', null, null, null],
    ] as const) await send('POST', 'workOrder', { body: { title: 'aggregate', startsAt, cost, serial: hours, severity } })
    const where = { title: 'aggregate' }
    const none = { avg: {}, min: {}, max: {} }
    const aggregate = async (body: Json): Promise<Json | undefined> => (await send('POST', 'workOrder/aggregate', { body })).body
    expect(await aggregate({ where, groupBy: [{ field: 'startsAt', bucket: 'month' }], sum: ['cost', 'serial'] })).toEqual([
      { group: { startsAt: '2026-01' }, count: 2, sum: { cost: '199999999.98', serial: '18014398509481982' }, ...none }, { group: { startsAt: '2026-02' }, count: 1, sum: { cost: null, serial: null }, ...none },
    ])
    expect(await aggregate({ where, groupBy: ['severity', { field: 'startsAt', bucket: 'year' }] })).toEqual([
      { group: { severity: 'low', startsAt: '2026' }, count: 2, sum: {}, ...none }, { group: { severity: null, startsAt: '2026' }, count: 1, sum: {}, ...none },
    ])
    expect(await aggregate({ where, groupBy: [{ field: 'startsAt', bucket: 'day' }, 'urgent', 'serial'] })).toMatchObject([{ group: { startsAt: '2026-01-01', urgent: false, serial: 9_007_199_254_740_991 } }, {}, {}])
    expect(await aggregate({ where: { title: 'none' } })).toEqual([{ group: {}, count: 0, sum: {}, ...none }])
    for (const wrong of [{ groupBy: ['a'] }, { groupBy: ['title', 'title'] }, { groupBy: [{ field: 'startsAt', bucket: 'decade' }] }, { groupBy: [{ field: 'title', bucket: 'day' }] }, { groupBy: ['details'] }, { sum: ['title'] },
      { groupBy: ['title', 'notes', 'code', 'hours'] }, { having: 1 }, { groupBy: 'title' }, { where: { x: 1 } }]) {
      expect(await problemOf(aggregate(wrong as Json)), JSON.stringify(wrong)).toMatchObject({ code: 'invalid-request' })
    }
  })

  test('refuses what it does not know', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'X' } }))
    const path = `workOrder/${String(id)}`
    for (const [method, address, sent, code] of [
      ['GET', 'unknown', {}, 'not-found'], ['GET', 'constructor', {}, 'not-found'], ['PUT', path, {}, 'method-not-allowed'], ['DELETE', 'workOrder', {}, 'method-not-allowed'], ['GET', 'workOrder/aggregate', {}, 'method-not-allowed'],
      ['GET', `${path}/transitions/open`, {}, 'method-not-allowed'], ['GET', `${path}/other`, {}, 'not-found'], ['GET', 'workOrder/not-an-id', {}, 'not-found'], ['GET', `${path}`, { query: '?sort=title' }, 'invalid-request'], ['GET', `${path}`, { query: '?fields=colour' }, 'invalid-request'],
      ['POST', 'workOrder', {}, 'invalid-request'], ['POST', 'workOrder', { body: [] }, 'invalid-request'], ['PATCH', path, { body: { title: 'Y' } }, 'invalid-request'], ['DELETE', path, {}, 'invalid-request'],
      ['DELETE', path, { revision: '*' }, 'invalid-request'], ['DELETE', path, { revision: 'W/"1"' }, 'invalid-request'], ['DELETE', path, { revision: '"1", "2"' }, 'invalid-request'], ['DELETE', path, { revision: 7 }, 'stale-record'],
    ] as const) expect(await problemOf(send(method, address, sent as Sent)), `${method} ${address}`).toMatchObject({ code })
  })
})

describe('a write', () => {
  test('that changes nothing leaves the revision', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'X' } }))
    expect((await send('PATCH', `workOrder/${String(id)}`, { body: {}, revision: 1 })).headers['etag']).toBe('"1"')
  })

  test('by one of two at once is refused as stale', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'race' } }))
    const both = await Promise.allSettled(['one', 'two'].map((title) => send('PATCH', `workOrder/${String(id)}`, { body: { title }, revision: 1 })))
    expect(both.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(both.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'stale-record', data: { revision: 2 } })
    const gone = await Promise.allSettled([send('DELETE', `workOrder/${String(id)}`, { revision: 2 }), send('DELETE', `workOrder/${String(id)}`, { revision: 2 })])
    expect(gone.map((result) => (result.status === 'rejected' ? (result.reason as OpsFluxError).code : result.value.status)).toSorted()).toEqual([204, 'not-found'])
  })

  test('without a revision waits for the one before it and loses nothing', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'queue' } }))
    const changes: Json[] = [{ title: 'changed' }, { hours: 7 }, { cost: '1.00' }]
    await Promise.all(changes.map((change) => works.engine.run(works.release, alice, undefined, (db) => db.update('workOrder', String(id), change))))
    expect(await recordOf(send('GET', `workOrder/${String(id)}`))).toMatchObject({ title: 'changed', hours: 7, cost: '1.00', revision: 4 })
  })

  test('names the field that breaks a rule of the table', async () => {
    await send('POST', 'workOrder', { body: { title: 'X', code: 'UNIQUE-1' } })
    expect(await problemOf(send('POST', 'workOrder', { body: { title: 'Y', code: 'UNIQUE-1' } }))).toMatchObject({ code: 'conflict', errors: [{ path: '/code', code: 'unique' }] })
    await works.database.admin.query("alter table p_test_works.work_order add constraint work_order_due_date_check check (due_date > '2000-01-01')")
    expect(await problemOf(send('POST', 'workOrder', { body: { title: 'Y', dueDate: '1999-01-01' } }))).toMatchObject({ code: 'validation-failed', errors: [{ path: '/dueDate', code: 'check' }] })
    expect(await problemOf(send('POST', 'workOrder', { body: { title: 'x'.repeat(101), hours: 1001, code: 'x', site: 'y', unknown: 1 } }))).toMatchObject({
      code: 'validation-failed', errors: [{ path: '/unknown' }, { path: '/title' }, { path: '/code' }, { path: '/hours' }, { path: '/site' }],
    })
  })

  test('cannot delete what is referred to', async () => {
    const site = await recordOf(send('POST', 'site', { body: { name: 'Referred to' } }))
    await send('POST', 'workOrder', { body: { title: 'X', site: site['id'] ?? null } })
    expect(await problemOf(send('DELETE', `site/${String(site['id'])}`, { revision: 1 }))).toMatchObject({ code: 'conflict', detail: expect.stringContaining('workOrder') as string })
  })
})

describe('a release', () => {
  test('names only the columns it declares, so that a newer table does not disturb it', async () => {
    const { id } = await recordOf(send('POST', 'workOrder', { body: { title: 'before' } }))
    await works.database.admin.query('alter table p_test_works.work_order add column priority bigint not null default 5')
    expect(await recordOf(send('GET', `workOrder/${String(id)}`))).not.toHaveProperty('priority')
    expect(await recordOf(send('PATCH', `workOrder/${String(id)}`, { body: { title: 'after' }, revision: 1 }))).not.toHaveProperty('priority')
    expect(await recordOf(send('POST', 'workOrder', { body: { title: 'new' } }))).not.toHaveProperty('priority')
  })
})
