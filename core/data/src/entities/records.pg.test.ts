import { OpsFluxError, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { handleEntityRequest, type EntityResponse } from './entity-request.ts'
import type { Actor } from './entity-transaction.ts'
import { alice, bob, carol, withPermissions, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
beforeAll(async () => { works = await worksDatabase() })
afterAll(() => works.close())

interface Sent { body?: Json; revision?: number | string; query?: string; actor?: Actor }

function send(method: string, path: string, { body, revision, query = '', actor = alice }: Sent = {}): Promise<EntityResponse> {
  const headers = revision === undefined ? {} : { 'if-match': typeof revision === 'string' ? revision : `"${revision}"` }
  return handleEntityRequest(works.engine, works.release, actor, undefined, { method, path: path.split('/'), query, headers, body })
}

async function recordOf(answer: Promise<EntityResponse>): Promise<{ [field: string]: Json }> {
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
})
