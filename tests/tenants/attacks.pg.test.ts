import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawRequest } from '../identity/raw-request.ts'
import { step, task, TenantScene, type Answer, type Body, type Person, type Sending } from './scene.ts'

let scene: TenantScene
let a: Person
let id: string

beforeAll(async () => {
  scene = await TenantScene.start()
  a = scene.a
  id = (await scene.made(a, task, { title: 'Target' })).id
}, 120_000)
afterAll(() => scene?.stop())

const seen = (revision = 1) => ({ 'if-match': `"${revision}"` })
const post = (path: string, body: unknown): Promise<Answer> => scene.send(a, 'POST', path, { body })
const count = async (where: string): Promise<number> => Number((await scene.rows<{ count: string }>(`select count(*) from ${where}`))[0]?.count)

/** A problem of the table with the status, and the target as it was. */
async function refuses(status: number, method: string, path: string, sending: Sending = {}): Promise<void> {
  const answer = await scene.send(a, method, path, sending)
  const what = `${method} ${path.slice(0, 100)}: ${answer.text.slice(0, 300)}`
  expect(answer.status, what).toBe(status)
  expect(answer.body, what).toMatchObject({ status, type: expect.stringMatching(/^urn:opsflux:error:/), detail: expect.stringMatching(/\S\.$/) })
  expect(await count(`p_hse_guarded.task where id = '${id}' and revision = 1 and deleted_at is null and title = 'Target'`)).toBe(1)
}

describe('an address', () => {
  test.each(['{ID}', '<id>00', '<id>%00', '<id>%0a', '<id>/', '<id>/constructor', '<id>/__proto__', '<id>/history/x', '<id>/comments/x', '<id>/versions/0', '<id>/versions/1e3', '%2e%2e', '..%2fstep', '<id>%2fhistory', '0x1', "' or 1=1--"])('%s is no record', async (form) => {
    await refuses(404, 'GET', `${task}/${encodeURI(form.replace('{ID}', `{${id}}`).replace('<id>', id)).replaceAll('%25', '%')}`)
  })

  test('in another letter case is the same record', async () => {
    const { status, body } = await scene.send(a, 'GET', `${task}/${id.toUpperCase()}`)
    expect([status, body['id']]).toEqual([200, id])
  })

  test('of a file leads nowhere else', async () => {
    for (const path of [`/api/files/..%2f..%2fetc%2fpasswd/content`, `/api/files/${id}%00/content`]) await refuses(400, 'GET', path)
    for (const path of ['/api/files/../session', '/api/files/%2e%2e/session', `/api/files/${id}/content/..%2f..`, `/api/files/${id}/content`]) await refuses(404, 'GET', path)
  })

  test('takes its methods and no others, whatever a header says', async () => {
    for (const method of ['PUT', 'POST', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) await refuses(405, method, `${task}/${id}`)
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) await refuses(405, 'POST', `${task}/${id}`, { headers: { [name]: 'DELETE', ...seen() } })
    await refuses(405, 'POST', `${task}/${id}?_method=DELETE`)
    expect(await scene.send(a, 'HEAD', `${task}/${id}`)).toMatchObject({ status: 200, text: '' })
  })
})

describe('a header', () => {
  test.each(['"1", "2"', '*', 'W/"1"', '"1', '1', '"-1"', '"1e0"', '', '"0x1"'])('If-Match: %s is no revision', async (value) => {
    await refuses(400, 'DELETE', `${task}/${id}`, { headers: { 'if-match': value } })
  })

  test('If-Match of another revision is stale', async () => {
    for (const value of ['"2"', '"999999999999999"', '"0"']) await refuses(412, 'DELETE', `${task}/${id}`, { headers: { 'if-match': value } })
  })

  test('Idempotency-Key has a form', async () => {
    for (const key of ['x'.repeat(201), 'two words', 'é']) await refuses(400, 'POST', task, { body: { title: 'x' }, headers: { 'idempotency-key': key } })
  })
})

describe('a query', () => {
  test.each([
    'expand=__proto__', 'expand=__proto__.parent', 'expand=parent.__proto__', 'expand=constructor', 'expand=parent.parent.parent', 'expand=title', 'fields=__proto__', 'sort=__proto__', 'where[__proto__]=1', 'where[id][__proto__]=1', 'where[custom.__proto__]=1', 'where[custom.x]=1',
    'where[tenantId]=1', 'where[tenant_id]=1', 'where[searchVector]=1', 'where[details.x]=1', 'where[parent.parent.parent.title]=1', 'where[id]=%7B1%7D', 'where[title]=%00', 'where[title][contains]=%00', 'q=%00', 'q=%ED%A0%80', 'after=x', 'after=W10', 'limit=1e2', 'limit=-1', 'limit=', 'page=0', 'title=x',
    'where[title]=a&where[title]=b', 'where[title][eq][eq]=1', 'where=1', 'where[]=1', 'deleted=1', 'count=all', `q=${'x'.repeat(8_200)}`, `where[title]=${'%C3%A9'.repeat(1_400)}`,
  ])('%.60s is refused', (query) => refuses(400, 'GET', `${task}?${query}`))

  test('longer than any header may be is refused before it is read', async () => {
    expect((await scene.send(a, 'GET', `${task}?q=${'x'.repeat(20_000)}`)).status).toBe(431)
  })

  test('that expands records that refer to each other ends', async () => {
    const first = await scene.made(a, task, { title: 'First', others: [id] })
    const second = await scene.made(a, task, { title: 'Second', parent: first.id, others: [first.id, id] })
    await scene.send(a, 'PATCH', `${task}/${first.id}`, { body: { parent: second.id, others: [second.id, first.id] }, headers: seen() })
    const { status, body } = await scene.send(a, 'GET', `${task}/${first.id}?expand=parent.parent,others.others,parent.others,others.parent`)
    expect([status, body]).toMatchObject([200, { parent: { id: second.id, parent: { id: first.id, parent: second.id } } }])
  })
})

describe('a body', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
  test.each<[string, number, unknown]>([
    ['a list', 400, [1]], ['half a character', 422, { title: 'a\ud800b' }], ['half a character in JSON', 422, { title: 'x', details: { a: '\udc00' } }], ['half a character as a key', 422, { title: 'x', details: { '\ud800': 1 } }],
    ['NUL in JSON', 422, { title: 'x', details: ['a\u0000'] }], ['NUL in a key', 422, { title: 'x', details: { 'a\u0000': 1 } }], ['unknown fields with odd names', 422, { title: 'x', '\ud800': 1, 'é\u202e': 2, constructor: 3, toString: 4 }],
    ['fields of the system', 422, { title: 'x', id: 'x', tenantId: 'x', revision: 9, createdBy: 'x', deletedAt: null }], ['computed and numbered fields', 422, { title: 'x', number: 'T-1', state: 'done' }],
    ['added fields that are none', 422, { title: 'x', custom: { constructor: 1, 'a.b': 2 } }], ['added fields that are no object', 422, { title: 'x', custom: [1] }], ['a link twice', 422, { title: 'x', others: ['00000000-0000-7000-8000-000000000000', '00000000-0000-7000-8000-000000000000'] }],
    ['too many links', 422, { title: 'x', others: Array.from({ length: 201 }, (_, n) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`) }], ['an object for a text', 422, { title: { toString: 1 } }], ['JSON nested 98 deep and more', 400, { title: 'x', details: nested(101) }],
    ['a number beyond all', 422, { title: 'x', cost: 1e300 }], ['more than 1 MB', 413, { title: 'x'.repeat(2_000_000) }],
  ])('with %s is refused', async (_what, status, body) => {
    const before = await count('p_hse_guarded.task')
    await refuses(status, 'POST', task, { body })
    expect(await count('p_hse_guarded.task')).toBe(before)
  })

  test('of 10 MB, with a prototype, or with the same key twice does no harm', async () => {
    const headers = { cookie: a.cookie, 'content-type': 'application/json' }
    const raw = (body: string) => rawRequest(scene.platform.host.url, 'POST', task, { headers, body })
    expect((await raw(JSON.stringify({ title: 'x'.repeat(10_000_000) }))).status).toBe(413)
    for (const body of ['{"title":"x","__proto__":{"cost":1}}', '{"title":"x","details":{"__proto__":{"a":1}}}', '{"title":"x","details":{"constructor":{"prototype":{"a":1}}}}']) expect([201, 400]).toContain((await raw(body)).status)
    expect(({} as Body)['a']).toBeUndefined()
    // As JSON.parse has it: the last one.
    expect(JSON.parse((await raw('{"title":"first","title":"second"}')).text)).toMatchObject({ title: 'second' })
  })

  test.each<[string, unknown]>([
    ['groups', { groupBy: ['__proto__'] }], ['zone', { zone: '../etc', groupBy: [{ field: 'createdAt', bucket: 'day' }] }], ['bucket', { groupBy: [{ field: 'createdAt', bucket: 'constructor' }] }], ['where', { where: { title: { eq: { a: 1 } } } }],
    ['operator', { where: { title: { constructor: 1 } } }], ['measure', { sum: ['title'] }], ['id', { where: { id: { in: [`{1}`] } } }], ['member', { having: {} }],
  ])('of an aggregate with an odd %s is refused', (_what, body) => refuses(400, 'POST', `${task}/aggregate`, { body }))

  test('of a bulk request is judged write by write, and changes nothing when one of all is refused', async () => {
    const before = await count('p_hse_guarded.task')
    await refuses(400, 'POST', `${task}/bulk`, { body: { create: Array.from({ length: 1_001 }, () => ({ title: 'x' })) } })
    await refuses(400, 'POST', `${task}/bulk`, { body: { update: [{ id: 1, changes: {} }] } })
    await refuses(422, 'POST', `${task}/bulk`, { body: { create: [{ title: 'kept?' }, { title: 'fail' }], delete: [{ id }] } })
    const { body } = await post(`${task}/bulk`, { atomic: false, create: [1, null, 'a', []], update: [{ id: '__proto__', changes: {} }, { id, revision: 2 ** 53 - 1, changes: { title: 'x' } }], delete: [{ id: `{${id}}` }] })
    expect(body).toMatchObject({ succeeded: 0, failed: 7 })
    expect(await count('p_hse_guarded.task')).toBe(before)
  })
})

describe('at the same time', () => {
  const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status).toSorted()
  const binned = async (title: string): Promise<string> => {
    const made = (await scene.made(a, task, { title })).id
    await scene.send(a, 'DELETE', `${task}/${made}`, { headers: seen() })
    return made
  }
  const send = (method: string, path: string, revision: number, body?: unknown): Promise<Answer> => scene.send(a, method, path, { headers: seen(revision), ...(body === undefined ? {} : { body }) })

  test('a record is restored once, by one of many', async () => {
    const one = await binned('Restored')
    expect(statuses(await Promise.all(Array.from({ length: 4 }, () => send('POST', `${task}/${one}/restore`, 2))))).toEqual([200, 404, 404, 404])
  })

  test('a record is erased or restored, and what else is done to it finds it so', async () => {
    for (let round = 0; round < 3; round++) {
      const one = await binned('Erased')
      const answers = await Promise.all([send('POST', `${task}/${one}/purge`, 2), send('POST', `${task}/${one}/restore`, 2), send('PATCH', `${task}/${one}`, 2, { title: 'x' }), post(step, { title: 'x', task: one }), post(`${task}/${one}/comments`, { text: 'x' })])
      expect(answers.slice(0, 2).filter(({ status }) => status < 300)).toHaveLength(1)
      for (const { status, text } of answers) expect([200, 201, 204, 404, 412, 422], text).toContain(status)
    }
  })

  test('a record that goes takes every one along that refers to it, also those that come just then', async () => {
    for (let round = 0; round < 5; round++) {
      const one = (await scene.made(a, task, { title: 'Gone' })).id
      const [gone, ...made] = await Promise.all([send('DELETE', `${task}/${one}`, 1), ...Array.from({ length: 4 }, () => post(step, { title: 'x', task: one }))])
      expect(gone?.status).toBe(204)
      for (const { status } of made) expect([201, 422]).toContain(status)
      expect(await count(`p_hse_guarded.step where task = '${one}' and deleted_at is null`)).toBe(0)
      expect(await count(`p_hse_guarded.step where task = '${one}'`)).toBe(made.filter(({ status }) => status === 201).length)
    }
  })

  test('records that are made to refer to each other wait for each other, or one is told to try again', async () => {
    for (let round = 0; round < 3; round++) {
      const [one, other] = [(await scene.made(a, task, { title: 'One' })).id, (await scene.made(a, task, { title: 'Other' })).id]
      const answers = await Promise.all([send('PATCH', `${task}/${one}`, 1, { parent: other }), send('PATCH', `${task}/${other}`, 1, { parent: one })])
      for (const { status, text } of answers) expect([200, 409], text).toContain(status)
    }
  })

  test('numbers without a gap have none, whatever fails', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(task, { title: n % 3 === 0 ? 'fail' : 'Numbered', ...(n % 4 === 0 ? { code: 'SAME' } : {}) })))
    for (const { status } of answers) expect([201, 409, 422]).toContain(status)
    const numbers = await scene.rows<{ number: string }>('select number from p_hse_guarded.task where tenant_id = $1 order by number', [a.tenantId])
    const year = new Date().getUTCFullYear()
    const erased = await scene.rows<{ number: string }>(`select changes -> 'number' ->> 'to' as number from opsflux.audit_entry e where tenant_id = $1 and entity = 'task' and action = 'create' and exists (select from opsflux.audit_entry p where p.record_id = e.record_id and p.action = 'purge')`, [a.tenantId])
    const all = [...numbers, ...erased].map(({ number }) => number).toSorted()
    expect(all).toEqual(all.map((_, index) => `T-${year}-${String(index + 1).padStart(4, '0')}`))
  })
})

describe('a record that is erased', () => {
  test('takes along those in the bin that go with it, each written down, and not one that was taken out of it', async () => {
    const parent = (await scene.made(a, task, { title: 'Parent' })).id
    const [child, other] = [(await scene.made(a, step, { title: 'Child', task: parent })).id, (await scene.made(a, step, { title: 'Other', task: parent })).id]
    await scene.send(a, 'DELETE', `${task}/${parent}`, { headers: seen() })
    await scene.send(a, 'POST', `${step}/${other}/restore`, { headers: seen(2) })
    expect((await scene.send(a, 'POST', `${task}/${parent}/purge`, { headers: seen(2) })).status).toBe(409)
    await scene.send(a, 'DELETE', `${step}/${other}`, { headers: seen(3) })
    expect((await scene.send(a, 'POST', `${task}/${parent}/purge`, { headers: seen(2) })).status).toBe(204)
    const purged = await scene.rows<{ id: string }>(`select record_id as id from opsflux.audit_entry where action = 'purge' and record_id = any($1)`, [[parent, child, other]])
    expect(purged.map((row) => row.id).toSorted()).toEqual([parent, child, other].toSorted())
    expect(await count(`p_hse_guarded.step where task = '${parent}'`)).toBe(0)
  })
})
