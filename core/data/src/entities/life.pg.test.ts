import { OpsFluxError, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../database/sql.ts'
import { handleEntityRequest } from './entity-request.ts'
import type { EntitySession } from './entity-session.ts'
import type { Actor, HookCaller, Row } from './entity-transaction.ts'
import { ReleaseEntities } from './release-entities.ts'
import { alice, bob, carol, manifest, sealer, withPermissions, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
const told: string[][] = []
beforeAll(async () => { works = await worksDatabase({ onCommitted: (_tenant, plugins) => told.push([...plugins]) }) })
afterAll(() => works.close())

interface Sent { body?: Json; revision?: number; query?: string; actor?: Actor; key?: string; hooks?: HookCaller }
interface Answered { status: number; headers: Record<string, string>; body: Row }

async function send(method: string, path: string, { body, revision, query = '', actor = alice, key, hooks }: Sent = {}): Promise<Answered> {
  const headers = { 'if-match': revision === undefined ? undefined : `"${revision}"`, 'idempotency-key': key }
  const { text, ...answer } = await handleEntityRequest({ engine: works.engine, release: works.release, hooks }, actor, { method, path: path.split('/'), query, headers, body })
  return { ...answer, body: text === undefined ? {} : JSON.parse(text) as Row }
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(() => new Error('The request succeeded.'), (reason: unknown) => reason)
  if (!(error instanceof OpsFluxError)) throw error
  return error.code
}

const run = <T>(work: (db: EntitySession) => Promise<T>, actor: Actor = alice): Promise<T> => works.engine.run(works.release, actor, undefined, work)
const asset = async (values: Record<string, Json> = {}): Promise<Row> => (await send('POST', 'asset', { body: { name: `asset ${Math.random()}`, ...values } })).body
const idOf = (row: Row): string => String(row['id'])
const namesOf = async (query: string): Promise<Json[]> => ((await send('GET', 'asset', { query })).body['data'] as Row[]).map((row) => row['name'] ?? null)

describe('the bin', () => {
  test('holds what was deleted, out of lists, reads and counts, until it is restored', async () => {
    const { id, name } = await asset({ name: 'binned' })
    await send('DELETE', `asset/${String(id)}`, { revision: 1 })
    expect(await codeOf(send('GET', `asset/${String(id)}`))).toBe('not-found')
    expect(await namesOf('where[name]=binned')).toEqual([])
    expect(await run((db) => db.count('asset', { name: name ?? null }))).toBe(0)
    expect(await run((db) => db.aggregate('asset', { where: { name: name ?? null } }))).toMatchObject([{ count: 0 }])
    expect((await send('GET', 'asset', { query: 'deleted=true&where[name]=binned' })).body).toMatchObject({ data: [{ name: 'binned', deletedBy: alice.userId, revision: 2 }] })
    expect(await codeOf(send('PATCH', `asset/${String(id)}`, { revision: 2, body: { remarks: 'x' } }))).toBe('not-found')
    expect(await codeOf(send('DELETE', `asset/${String(id)}`, { revision: 2 }))).toBe('not-found')
    expect(await send('POST', `asset/${String(id)}/restore`, { revision: 2 })).toMatchObject({ status: 200, body: { name: 'binned', deletedAt: null, revision: 3 } })
    expect(await codeOf(send('POST', `asset/${String(id)}/restore`, { revision: 3 }))).toBe('not-found')
  })

  test('gives unique values free, and refuses to restore into ones that were taken', async () => {
    const values = { name: 'twice', installedOn: '2026-03-01' }
    const { id } = await asset(values)
    expect(await codeOf(asset(values))).toBe('conflict')
    await send('DELETE', `asset/${String(id)}`, { revision: 1 })
    await asset(values)
    expect(await codeOf(send('POST', `asset/${String(id)}/restore`, { revision: 2 }))).toBe('conflict')
  })

  test('takes dependents along and gives them back together', async () => {
    const top = await asset({ name: 'top' })
    const child = await asset({ name: 'child', parent: top['id'] ?? null })
    await asset({ name: 'grandchild', parent: child['id'] ?? null })
    const early = await asset({ name: 'deleted before', parent: top['id'] ?? null })
    await send('DELETE', `asset/${idOf(early)}`, { revision: 1 })
    await send('DELETE', `asset/${idOf(top)}`, { revision: 1 })
    expect(await namesOf('where[name][in]=top,child,grandchild,deleted before')).toEqual([])
    await send('POST', `asset/${idOf(top)}/restore`, { revision: 2 })
    expect(await namesOf('where[name][in]=top,child,grandchild,deleted before&sort=name')).toEqual(['child', 'grandchild', 'top'])
  })

  test('is emptied for good by those who manage', async () => {
    const parent = await asset({ name: 'parent' })
    const record = await asset({ name: 'purged', parent: parent['id'] ?? null })
    const path = `asset/${idOf(record)}`
    expect(await codeOf(send('POST', `${path}/purge`, { revision: 1 }))).toBe('not-found')
    await send('DELETE', path, { revision: 1 })
    const deleting = withPermissions(alice, 'view.all', 'delete.all')
    expect(await codeOf(send('POST', `${path}/purge`, { revision: 2, actor: deleting }))).toBe('forbidden')
    expect(await send('POST', `${path}/purge`, { revision: 2 })).toMatchObject({ status: 204 })
    expect((await works.database.admin.query('select 1 from p_test_works.asset where id = $1', [record['id']])).rowCount).toBe(0)
    expect(await codeOf(send('GET', `${path}/history`))).toBe('not-found')
  })

  test('shows to those who may delete alone', async () => {
    const viewing = withPermissions(alice, 'view.all')
    expect(await codeOf(send('GET', 'asset', { query: 'deleted=true', actor: viewing }))).toBe('forbidden')
    expect(await codeOf(send('GET', 'site', { query: 'deleted=true' }))).toBe('invalid-request')
    const { id } = await asset({ name: 'gone from sight' })
    await send('DELETE', `asset/${String(id)}`, { revision: 1 })
    expect(await codeOf(send('GET', `asset/${String(id)}/history`, { actor: viewing }))).toBe('not-found')
    expect(await codeOf(send('GET', `asset/${String(id)}`, { query: 'deleted=true', actor: viewing }))).toBe('forbidden')
  })
})

describe('the history of a record', () => {
  test('tells who changed what, from what, and which hook did', async () => {
    const hooks: HookCaller = {
      wants: (_entity, event) => event === 'beforeUpdate',
      call: async (_entity, _event, payload) => ({ answer: { ...(payload as { changes: Row }).changes, risk: 'high' }, changedBy: { risk: 'other-plugin' }, plugins: ['other-plugin'] }),
    }
    const { id } = await asset({ name: 'told', parts: 2 })
    await send('PATCH', `asset/${String(id)}`, { revision: 1, body: { parts: 3, active: true }, actor: bob, hooks })
    await send('DELETE', `asset/${String(id)}`, { revision: 2 })
    const { body } = await send('GET', `asset/${String(id)}/history`, { query: 'limit=2' })
    expect(body['data']).toMatchObject([
      { action: 'delete', revision: 3, userId: alice.userId },
      { action: 'update', revision: 2, userId: bob.userId, hooks: ['other-plugin'], changes: { parts: { from: 2, to: 3 }, risk: { from: null, to: 'high', hook: 'other-plugin' } } },
    ])
    expect(Object.keys((body['data'] as Row[])[1]?.['changes'] as Row).toSorted()).toEqual(['parts', 'risk'])
    expect((await send('GET', `asset/${String(id)}/history`, { query: `after=${String(body['next'])}` })).body).toMatchObject({ data: [{ action: 'create', changes: { name: { from: null, to: 'told' } } }], next: null })
  })

  test('is written by the transaction alone, with an outbox row for each change', async () => {
    const { id } = await asset({ name: 'logged' })
    const { rows } = await works.database.admin.query('select action, revision, payload from opsflux.outbox where record_id = $1', [id])
    expect(rows).toMatchObject([{ action: 'create', revision: 1, payload: { changes: { name: { from: null, to: 'logged' } } } }])
    expect(told.at(-1)).toEqual([manifest.id])
    for (const statement of ["update opsflux.audit_entry set action = 'create'", 'delete from opsflux.audit_entry', 'select * from opsflux.outbox', 'truncate opsflux.audit_entry']) {
      await expect(run((db) => db.use((transaction) => transaction.texts(sql.raw(statement)))), statement).rejects.toThrow('permission denied')
    }
  })

  test('is not written by what changes nothing, and no revision either', async () => {
    const { id } = await asset({ weight: '1.5', checkedAt: '2026-03-01T09:00:00+01:00', notes: { b: 1, a: [2] } })
    const same = { weight: '1.50', checkedAt: '2026-03-01T08:00:00Z', notes: { a: [2], b: 1 } }
    expect((await send('PATCH', `asset/${String(id)}`, { revision: 1, body: same })).headers['etag']).toBe('"1"')
  })

  test('leaves out what the reader may not see, and every encrypted value', async () => {
    const { id } = await asset({ pin: '1234' })
    const entry = async (actor: Actor): Promise<Row> => ((await send('GET', `asset/${String(id)}/history`, { actor })).body['data'] as Row[])[0]?.['changes'] as Row
    expect(await entry(alice)).toMatchObject({ pin: { from: null, to: '[encrypted]' } })
    expect(await entry(withPermissions(alice, 'view.all'))).not.toHaveProperty('pin')
    const { rows } = await works.database.admin.query<{ pin: string }>('select pin from p_test_works.asset where id = $1', [id])
    expect(rows[0]?.pin).toMatch(/^v1\./)
  })
})

describe('a record that is not there for somebody', () => {
  test('is written down when it is asked for, at most 60 times a minute', async () => {
    const { id } = await asset({ name: 'of tenant A' })
    const refusals = async (): Promise<Json[]> => (await works.database.admin.query("select reason, entity, user_id from opsflux.audit_entry where action = 'refused' and record_id = $1", [id])).rows as Json[]
    expect(await codeOf(send('GET', `asset/${String(id)}`, { actor: carol }))).toBe('not-found')
    expect(await refusals()).toEqual([{ reason: 'not-found', entity: 'asset', user_id: carol.userId }])
    for (let attempt = 0; attempt < 65; attempt++) await codeOf(send('PATCH', `asset/${String(id)}`, { revision: 1, body: {}, actor: carol }))
    expect(await refusals()).toHaveLength(60)
    expect((await send('GET', `asset/${String(id)}/history`)).body['data']).toHaveLength(1)
  })
})

describe('a field with a right of its own', () => {
  const viewing = withPermissions(alice, 'view.all', 'edit.all', 'create.all')

  test('is not answered, filtered, sorted, expanded or grouped by for those without it', async () => {
    const { id } = await asset({ name: 'sealed', pin: '1234' })
    expect((await send('GET', `asset/${String(id)}`)).body['pin']).toBe('1234')
    const seen = await send('GET', `asset/${String(id)}`, { actor: viewing })
    expect(seen.body).not.toHaveProperty('pin')
    for (const query of ['where[pin][null]=true', 'sort=pin', 'fields=pin']) expect(await codeOf(send('GET', 'asset', { query, actor: viewing })), query).toBe('invalid-request')
    expect((await send('PATCH', `asset/${String(id)}`, { revision: 1, body: { remarks: 'seen' }, actor: viewing })).body).not.toHaveProperty('pin')
  })
})

describe('an Idempotency-Key', () => {
  test('gives one answer to a request however often it is sent, also twice at once', async () => {
    const once = { body: { name: 'only once' }, key: 'key-1' }
    const answers = await Promise.all([send('POST', 'asset', once), send('POST', 'asset', once), send('POST', 'asset', once)])
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1)
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect((await send('POST', 'asset', once)).headers).toEqual(answers[0]?.headers)
    expect(await namesOf('where[name]=only once')).toEqual(['only once'])
  })

  test('is refused for another request, belongs to its user, and is free again after an error', async () => {
    await send('POST', 'asset', { body: { name: 'first' }, key: 'key-2' })
    expect(await codeOf(send('POST', 'asset', { body: { name: 'second' }, key: 'key-2' }))).toBe('conflict')
    await send('POST', 'asset', { body: { name: 'of bob' }, key: 'key-2', actor: bob })
    expect(await codeOf(send('POST', 'asset', { body: {}, key: 'key-3' }))).toBe('validation-failed')
    await send('POST', 'asset', { body: { name: 'corrected' }, key: 'key-3' })
    for (const key of ['', 'a b', 'é', 'x'.repeat(201)]) expect(await codeOf(send('POST', 'asset', { body: { name: 'x' }, key })), key).toBe('invalid-request')
    await send('POST', 'asset', { body: { name: 'longest key' }, key: 'x'.repeat(200) })
  })

  test('is forgotten after 24 hours', async () => {
    await send('POST', 'asset', { body: { name: 'yesterday' }, key: 'key-4' })
    await works.database.admin.query("update opsflux.idempotent_request set at = now() - interval '24 hours' where key = 'key-4'")
    await send('POST', 'asset', { body: { name: 'today' }, key: 'key-4' })
    expect(await namesOf('where[name][in]=yesterday,today&sort=name')).toEqual(['today', 'yesterday'])
  })

  test('is free again while many others are forgotten, by several requests at once', async () => {
    const keys = Array.from({ length: 300 }, (_one, index) => `old-${index}`)
    await works.database.admin.query(
      `insert into opsflux.idempotent_request (tenant_id, user_id, key, request_sha256, status, headers, at)
       select $1, $2, key, '', 201, '{}', now() - interval '25 hours' from unnest($3::text[]) as key`, [alice.tenantId, alice.userId, keys])
    const answers = await Promise.all(keys.slice(-10).map((key) => send('POST', 'asset', { body: { name: `with ${key}` }, key })))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201))
    expect((await works.database.admin.query("select from opsflux.idempotent_request where at < now() - interval '24 hours'")).rowCount).toBeLessThanOrEqual(200)
  })
})

describe('a bulk request', () => {
  test('writes all or nothing and names the one that failed', async () => {
    const kept = await asset({ name: 'bulk kept' })
    const done = await send('POST', 'asset/bulk', { body: { create: [{ name: 'bulk 1' }, { name: 'bulk 2' }], update: [{ id: idOf(kept), revision: 1, changes: { parts: 9 } }] } })
    expect(done.body).toMatchObject({ succeeded: 3, failed: 0, results: [{ operation: 'create', index: 0, revision: 1 }, { operation: 'create', index: 1 }, { operation: 'update', index: 0, id: kept['id'], revision: 2 }] })
    const failing = send('POST', 'asset/bulk', { body: { create: [{ name: 'bulk 3' }, { parts: 1 }] } })
    await expect(failing).rejects.toMatchObject({ code: 'validation-failed', data: { bulk: { operation: 'create', index: 1 } } })
    expect(await namesOf('where[name][startsWith]=bulk 3')).toEqual([])
  })

  test('reports each for itself when asked to', async () => {
    const kept = await asset({ name: 'bulk each' })
    const { body } = await send('POST', 'asset/bulk', { body: { atomic: false, create: [{ name: 'each 1' }, {}, { name: 'forbidden' }, { name: 'each 2' }], delete: [{ id: idOf(kept), revision: 7 }, { id: idOf(kept) }] } })
    expect(body).toMatchObject({ succeeded: 3, failed: 3, results: [{ id: expect.any(String) as string }, { error: { code: 'validation-failed', errors: [{ path: '/name' }] } }, { error: { code: 'validation-failed' } }, {}, { error: { code: 'stale-record' } }, {}] })
    expect(await namesOf('where[name][startsWith]=each&sort=name')).toEqual(['each 1', 'each 2'])
  })

  test('takes 1 to 1,000 writes of the form it should have', async () => {
    for (const body of [{}, { create: [] }, { create: {} }, { create: Array.from({ length: 1_001 }, () => ({ name: 'x' })) }, { update: [{}] }, { update: [{ id: 1, changes: {} }] }, { delete: ['x'] }, { upsert: [] }, { atomic: 1, create: [{}] }, { delete: [{ id: 'x', changes: {} }] }]) {
      expect(await codeOf(send('POST', 'asset/bulk', { body: body as Json })), JSON.stringify(body).slice(0, 60)).toBe('invalid-request')
    }
    const many = await send('POST', 'site/bulk', { body: { create: Array.from({ length: 1_000 }, (_one, index) => ({ name: `bulk site ${index}` })) } })
    expect(many.body).toMatchObject({ succeeded: 1_000 })
  })
})

describe('a sequence', () => {
  test('leaves no number out and gives none twice, whatever fails meanwhile', async () => {
    const wanted = Array.from({ length: 12 }, (_one, index) => asset(index % 3 === 2 ? { parts: 1, name: 'forbidden' } : { name: `numbered ${index}` }))
    const made = (await Promise.allSettled(wanted)).flatMap((result) => (result.status === 'fulfilled' ? [String(result.value['tag'])] : [])).toSorted()
    expect(made).toHaveLength(8)
    const numbers = made.map((tag) => Number(tag.split('-')[2]))
    expect(numbers.map((number) => number - (numbers[0] ?? 0))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(made[0]).toMatch(new RegExp(`^AST-${new Date().getUTCFullYear()}-\\d{4}$`))
    expect(await codeOf(send('POST', 'asset', { body: { name: 'x', tag: 'AST-1' } }))).toBe('validation-failed')
    const other = await send('POST', 'asset', { body: { name: 'of another tenant' }, actor: carol })
    expect(other.body['tag']).toMatch(/-0001$/)
  })

  test('goes on after numbers that a migration gave, whether or not it had begun', async () => {
    const year = new Date().getUTCFullYear()
    const numbered = async (id: Json | undefined, number: string): Promise<void> => { await works.database.admin.query('update p_test_works.asset set tag = $2 where id = $1', [id, number]) }
    const [one, two] = [await asset(), await asset()]
    const last = Number(String(two['tag']).split('-')[2])
    await numbered(one['id'], `AST-${year}-${String(last + 3)}`)
    await numbered(two['id'], `AST-${year}-${String(last + 1).padStart(4, '0')}`)
    expect((await asset())['tag']).toBe(`AST-${year}-${String(last + 4).padStart(4, '0')}`)
    await works.database.admin.query("delete from opsflux.sequence_counter where entity = 'asset'")
    await numbered(one['id'], `AST-${year}-12345`)
    for (const other of [`AST-${year - 1}-99999`, `AST-${year}-99999-b`, `XAST-${year}-99999`]) await numbered(two['id'], other)
    await send('DELETE', `asset/${idOf(one)}`, { revision: 1 })
    expect([(await asset())['tag'], (await asset())['tag']]).toEqual([`AST-${year}-12346`, `AST-${year}-12347`])
  })

  test('is found by its number, whole or begun', async () => {
    const { tag } = await asset({ name: 'to be found' })
    expect(await namesOf(`q=${String(tag)}`)).toEqual(['to be found'])
    expect(await namesOf(`q=${String(tag).slice(0, -1).toLowerCase()}&where[name]=to be found`)).toEqual(['to be found'])
  })
})

describe('a check of the entity', () => {
  test('that a record breaks is said in the words of its module, in the language of the user', async () => {
    const words = new Map([['en', { 'check.asset.namedSite': 'That name is not allowed.' }], ['fr', { 'check.asset.namedSite': 'Ce nom est interdit.' }]])
    const release = new ReleaseEntities(manifest, sealer, words)
    const refused = (locale: string) => works.engine.run(release, { ...alice, locale }, undefined, (db) => db.create('asset', { name: 'forbidden' }))
    await expect(refused('fr-FR')).rejects.toMatchObject({ code: 'validation-failed', message: 'Ce nom est interdit.', data: { errors: [{ path: '', code: 'check', message: 'Ce nom est interdit.' }] } })
    await expect(refused('de')).rejects.toMatchObject({ message: 'That name is not allowed.' })
    await expect(asset({ name: 'forbidden' })).rejects.toMatchObject({ code: 'validation-failed', data: { errors: [{ code: 'check' }] } })
  })
})

describe('a transition', () => {
  test('is taken only when its guard is met', async () => {
    const site = await send('POST', 'site', { body: { name: 'Guarded' } })
    const { id } = await asset({ name: 'guarded' })
    await expect(send('POST', `asset/${String(id)}/transitions/start`, { revision: 1 })).rejects.toMatchObject({ code: 'conflict', data: { fields: ['site'] } })
    await send('PATCH', `asset/${String(id)}`, { revision: 1, body: { site: site.body['id'] ?? null } })
    expect((await send('POST', `asset/${String(id)}/transitions/start`, { revision: 2 })).body).toMatchObject({ state: 'inUse', revision: 3 })
  })
})

describe('a list', () => {
  test('answers the fields and the records referred to that are asked for', async () => {
    const site = (await send('POST', 'site', { body: { name: 'Expanded' } })).body
    const permit = await works.engine.run(works.permits, alice, undefined, (db) => db.create('permit', { title: 'Hot work' }))
    const parent = await asset({ name: 'its parent', site: site['id'] ?? null })
    await asset({ name: 'expanding', parent: parent['id'] ?? null, permit: permit['id'] ?? null, sites: [site['id'] ?? null], owner: bob.userId })
    const { body } = await send('GET', 'asset', { query: 'where[name]=expanding&fields=name,parent,permit,sites,owner&expand=parent.site,permit,sites,owner' })
    expect(body['data']).toEqual([{
      id: expect.any(String) as string, revision: 1, name: 'expanding', owner: { id: bob.userId, name: bob.userId }, permit: expect.objectContaining({ title: 'Hot work' }) as object,
      sites: [expect.objectContaining({ name: 'Expanded' })], parent: expect.objectContaining({ name: 'its parent', site: expect.objectContaining({ name: 'Expanded' }) as object }) as object,
    }])
    const blind = { ...alice, permissions: [`${manifest.id}.view.all`] }
    expect((await send('GET', 'asset', { query: 'where[name]=expanding&expand=permit', actor: blind })).body).toMatchObject({ data: [{ permit: permit['id'] }] })
    expect(await namesOf(`where[parent.site.name]=Expanded&where[permit.title][contains]=hot`)).toEqual(['expanding'])
    for (const query of ['expand=name', 'expand=nothing', 'expand=parent.parent.site', 'fields=name&expand=site', 'where[parent.parent.site.name]=x', 'where[permit.secret]=x']) expect(await codeOf(send('GET', 'asset', { query })), query).toBe('invalid-request')
    expect(await codeOf(send('GET', 'asset', { query: 'where[permit.title]=Hot work', actor: blind }))).toMatch(/invalid-request|forbidden/)
  })

  test('has pages by number up to 10,000 records, and estimates', async () => {
    for (let n = 0; n < 5; n++) await asset({ name: `page ${n}` })
    expect(await namesOf('where[name][startsWith]=page&sort=name&limit=2&page=2')).toEqual(['page 2', 'page 3'])
    for (const query of ['page=0', 'page=401&limit=25', 'page=51&limit=200', 'page=1&after=x', 'page=1.5', 'count=maybe']) expect(await codeOf(send('GET', 'asset', { query })), query).toBe('invalid-request')
    await send('GET', 'asset', { query: 'page=50&limit=200' })
    expect((await send('GET', 'asset', { query: 'count=estimated' })).body).toMatchObject({ total: expect.any(Number) as number, isEstimate: true })
    expect((await send('GET', 'asset', { query: 'count=exact&where[name][startsWith]=page' })).body).toMatchObject({ total: 5 })
  })

  test('finds words by their beginning, the best match first', async () => {
    await asset({ name: 'Centrifugal pump', remarks: 'spare' })
    await asset({ name: 'Valve', remarks: 'feeds the centrifugal pump' })
    expect(await namesOf('q=centri%20PUMP')).toEqual(['Centrifugal pump', 'Valve'])
    expect(await namesOf('q=centri%20PUMP&sort=-name&limit=1')).toEqual(['Valve'])
    const first = (await send('GET', 'asset', { query: 'q=pump&limit=1' })).body
    expect(await namesOf(`q=pump&after=${String(first['next'])}`)).toEqual(['Valve'])
    for (const q of ["' | !", "pump':* & !(", '<-> & |', '\\']) expect(await codeOf(send('GET', 'asset', { query: `q=${encodeURIComponent(q)}` }).then(() => { throw new OpsFluxError('conflict', 'answered') }))).toBe('conflict')
  })
})

describe('references', () => {
  test('are to records there are, of the same tenant, and not in the bin', async () => {
    const other = await works.engine.run(works.release, carol, undefined, (db) => db.create('site', { name: 'of Carol' }))
    const binned = await works.engine.run(works.permits, alice, undefined, async (db) => {
      const made = await db.create('permit', { title: 'binned' })
      await db.remove('permit', idOf(made))
      return made
    })
    await expect(asset({ site: other['id'] ?? null, permit: binned['id'] ?? null, sites: [other['id'] ?? null], owner: carol.userId })).rejects.toMatchObject({
      code: 'validation-failed', data: { errors: [{ path: '/site' }, { path: '/sites/0' }, { path: '/permit' }, { path: '/owner' }] },
    })
  })

  test('of another plugin keep the record referred to from being deleted', async () => {
    const permit = await works.engine.run(works.permits, alice, undefined, (db) => db.create('permit', { title: 'needed' }))
    await asset({ permit: permit['id'] ?? null })
    expect(await codeOf(works.engine.run(works.permits, alice, undefined, (db) => db.remove('permit', idOf(permit))))).toBe('conflict')
  })
})
