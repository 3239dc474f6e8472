import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf, everythingOf, type Ids } from './belongings.ts'
import { hostCases, otherHostCases, type Ask, type Asked } from './host-cases.ts'
import { hostRoutes, routesOfNoTenant, unknownRouters } from './host-routes.ts'
import { Page } from './page.ts'
import { task, TenantScene, type Answer, type Body, type Person, type Sending } from './scene.ts'

let scene: TenantScene
let a: Person
let b: Person
let ofA: Ids
let ofB: Ids
const seen = { 'if-match': '"1"' }
const secrets = ['Quiet matter', 'North Quiet', 'quietField', 'Quiet words']

beforeAll(async () => {
  scene = await TenantScene.start()
  a = scene.a
  b = scene.b
  ofA = await everythingOf(scene, a, { title: 'Quiet matter', company: 'North Quiet', field: 'quietField' })
  ofB = await everythingOf(scene, b, { title: 'Own matter', company: 'South', field: 'ownField' })
}, 120_000)
afterAll(() => scene?.stop())
// Sixty refusals a minute are written down of one user.
beforeEach(async () => { b = await scene.person(scene.b.tenantId, 'admin') })

/** As it would read if the ids in it were any others. */
const withoutIds = (text: string, ids: readonly string[]): string => ids.reduce((left, id) => left.replaceAll(new RegExp(id, 'gi'), '<id>'), text)

/** Sends it with the ids of tenant A, and with ids that never were: nothing tells the answers apart, and nothing of A is in them. */
async function indistinct(ask: Ask): Promise<Answer> {
  const never = Object.fromEntries(Object.keys(ofA).map((name) => [name, randomUUID()])) as Ids
  const send = ({ method, path, ...sending }: Asked): Promise<Answer> => scene.send(b, method, path, sending)
  const [foreign, unknown] = [await send(ask(ofA)), await send(ask(never))]
  const comparable = ({ status, headers, text }: Answer, ids: Ids) => ({ status, type: headers['content-type'], etag: headers['etag'], text: withoutIds(text, [...Object.values(ids), ...Object.values(ofB)]) })
  expect(comparable(foreign, ofA)).toEqual(comparable(unknown, never))
  for (const secret of secrets) expect(foreign.text).not.toContain(secret)
  return foreign
}

describe('of the host’s own routes', () => {
  test('every one is tried here, or names nothing of a tenant', () => {
    expect(unknownRouters()).toEqual([])
    expect(hostRoutes()).toEqual([...Object.keys(hostCases(ofB)), ...Object.keys(otherHostCases), ...Object.keys(routesOfNoTenant)].toSorted())
  })

  test('those with an id answer 404 to the ids of another tenant, as to ids that never were, change nothing, and write it down', async () => {
    const before = await digestOf(scene, a.tenantId)
    for (const [name, ask] of Object.entries(hostCases(ofB))) {
      expect({ name, status: (await indistinct(ask)).status }).toEqual({ name, status: 404 })
      // However the id is written: an address of another form is none, and says so of every id.
      const upper = await indistinct((ids) => { const asked = ask(ids); return { ...asked, path: asked.path.replaceAll(/[0-9a-f-]{36}/g, (id) => id.toUpperCase()) } })
      expect([400, 404]).toContain(upper.status)
    }
    expect(await digestOf(scene, a.tenantId)).toEqual(before)
    const refused = await scene.rows<{ kind: string }>(`select distinct plugin_id as kind from opsflux.audit_entry where user_id = $1 and action = 'refused' and record_id = any($2) order by 1`, [b.id, Object.values(ofA)])
    expect(refused.map(({ kind }) => kind)).toEqual(['companies', 'custom-fields', 'departments', 'files', 'roles', 'users'])
  })

  test('those that name something in a body or a query take it for nothing', async () => {
    const before = await digestOf(scene, a.tenantId)
    for (const [name, [ask, status, of]] of Object.entries(otherHostCases)) {
      const answer = await indistinct(ask)
      expect({ name, status: answer.status, ...(of ? { data: of(answer.body) } : {}) }).toEqual({ name, status, ...(of ? { data: [] } : {}) })
    }
    const places: Ask[] = [
      ({ role }) => ({ method: 'POST', path: `/api/users/${ofB.user}/memberships`, body: { role } }),
      ({ company }) => ({ method: 'POST', path: `/api/users/${ofB.user}/memberships`, body: { role: ofB.role, company } }),
      ({ department }) => ({ method: 'POST', path: `/api/users/${ofB.user}/memberships`, body: { role: ofB.role, company: ofB.company, department } }),
      ({ role }) => ({ method: 'PATCH', path: `/api/roles/${ofB.role}`, body: { inherits: [role] } }),
      ({ department }) => ({ method: 'PATCH', path: `/api/departments/${ofB.department}`, body: { parent: department } }),
    ]
    for (const ask of places) expect((await indistinct(ask)).status).toBe(422)
    expect(await digestOf(scene, a.tenantId)).toEqual(before)
  })

  test('those that list show nothing of another tenant', async () => {
    for (const path of ['/api/companies', '/api/departments', '/api/roles', '/api/users', '/api/custom-fields?module=hse-guarded&deleted=true', '/api/modules', '/api/modules/hse-guarded', '/api/session', '/api/openapi.json', '/api/platform/status']) {
      const { status, text } = await scene.send(b, 'GET', path)
      expect(status, path).toBe(200)
      for (const secret of [...secrets, ...Object.values(ofA), a.id, a.tenantId]) expect(text, path).not.toContain(secret)
    }
  })
})

/** Bodies of operations, by what follows the id. */
const bodies: Readonly<Record<string, Sending>> = {
  'patch': { body: { title: 'Taken' }, headers: seen }, 'delete': { headers: seen }, 'post /transitions/start': { headers: seen }, 'post /transitions/finish': { headers: seen },
  'post /restore': { headers: seen }, 'post /purge': { headers: seen }, 'post /comments': { body: { text: 'Taken' } }, 'patch /comments/{comment}': { body: { text: 'Taken' } },
  'post /versions/{revision}/restore': { headers: seen },
}

describe('of the routes of modules', () => {
  test('every one of the document with an id answers 404 to the ids of another tenant, as to ids that never were, and changes nothing', async () => {
    const document = await scene.send(b, 'GET', '/api/openapi.json')
    const operations = Object.entries(document.body['paths'] as Record<string, Body>).filter(([path]) => /^\/api\/hse-.*\{id\}/.test(path))
      .flatMap(([path, item]) => Object.keys(item).filter((method) => method !== 'parameters').map((method) => ({ path, method })))
    expect(operations.length).toBeGreaterThan(30)
    const before = await digestOf(scene, a.tenantId)
    for (const { path, method } of operations) {
      const [, entity = '', suffix = ''] = /^\/api\/hse-\w+\/(\w+)\/\{id\}(.*)$/.exec(path) ?? []
      const sending = bodies[`${method} ${suffix}`.trim()] ?? {}
      const asks: Ask[] = ['binned', entity].map((name) => (ids) => ({
        method: method.toUpperCase(), ...sending, ...(suffix === '/attachments' && method === 'post' ? { body: { file: ofB.file } } : {}),
        path: path.replace('{id}', ids[name as keyof Ids]).replace('{comment}', ids.comment).replace('{file}', ids.file).replace('{revision}', '1').replace('{other}', '1'),
      }))
      for (const ask of asks) expect({ path, method, status: (await indistinct(ask)).status }).toEqual({ path, method, status: 404 })
    }
    expect(await digestOf(scene, a.tenantId)).toEqual(before)
  })

  test('what is asked for is written down, by its id, however it is written', async () => {
    const before = await scene.rows('select id from opsflux.audit_entry where tenant_id = $1', [a.tenantId])
    await scene.send(b, 'GET', `${task}/${ofA.task}`)
    await scene.send(b, 'DELETE', `${task}/${ofA.task.toUpperCase()}`, { headers: seen })
    await scene.send(b, 'GET', `/api/hse-guarded/step/${ofA.step}/history`)
    await scene.send(b, 'POST', `${task}/bulk`, { body: { atomic: false, update: [{ id: ofA.task, changes: { title: 'Taken' } }], delete: [{ id: ofA.binned }, { id: ofB.binned }] } })
    await scene.send(b, 'POST', `${task}/bulk`, { body: { delete: [{ id: ofA.task }] } })
    const refused = await scene.rows<{ entity: string; id: string }>(`select entity, record_id as id from opsflux.audit_entry where user_id = $1 and tenant_id = $2 and action = 'refused' order by at, id`, [b.id, b.tenantId])
    expect(refused.map(({ entity, id }) => `${entity} ${id}`)).toEqual([`task ${ofA.task}`, `task ${ofA.task}`, `step ${ofA.step}`, `task ${ofA.task}`, `task ${ofA.binned}`, `task ${ofB.binned}`, `task ${ofA.task}`])
    expect(await scene.rows('select id from opsflux.audit_entry where tenant_id = $1', [a.tenantId])).toEqual(before)
  })

  test('ids in bodies are taken for nothing: references, links, files, people, places', async () => {
    const before = await digestOf(scene, a.tenantId)
    const fields: ((ids: Ids) => Body)[] = [
      ({ task: id }) => ({ parent: id }), ({ task: id }) => ({ others: [id] }), ({ note }) => ({ note }), ({ file }) => ({ photo: file }), ({ user }) => ({ owner: user }), ({ company }) => ({ company }),
      ({ department }) => ({ department }), ({ task: id }) => ({ parent: id.toUpperCase() }), ({ task: id }) => ({ others: [ofB.task, id] }),
    ]
    for (const given of fields) {
      expect((await indistinct((ids) => ({ method: 'POST', path: task, body: { title: 'Mine', ...given(ids) } }))).status).toBe(422)
      expect((await indistinct((ids) => ({ method: 'PATCH', path: `${task}/${ofB.task}`, headers: seen, body: given(ids) }))).status).toBe(422)
      expect((await indistinct((ids) => ({ method: 'POST', path: `${task}/bulk`, body: { atomic: false, create: [{ title: 'Mine', ...given(ids) }] } }))).body).toMatchObject({ succeeded: 0, failed: 1 })
    }
    expect((await indistinct(({ file }) => ({ method: 'POST', path: `${task}/${ofB.task}/attachments`, body: { file } }))).status).toBe(422)
    expect((await indistinct(({ comment }) => ({ method: 'POST', path: `${task}/${ofB.task}/comments`, body: { text: 'x', parent: comment } }))).status).toBe(422)
    expect((await indistinct(({ comment }) => ({ method: 'DELETE', path: `${task}/${ofB.task}/comments/${comment}` }))).status).toBe(404)
    expect((await indistinct(({ file }) => ({ method: 'DELETE', path: `${task}/${ofB.task}/attachments/${file}` }))).status).toBe(404)
    for (const status of ['{"atomic":true}', '{"atomic":false}']) {
      await indistinct(({ task: id, binned }) => ({ method: 'POST', path: `${task}/bulk`, body: { ...JSON.parse(status) as Body, update: [{ id, changes: { title: 'Taken' } }], delete: [{ id: binned }] } }))
    }
    expect(await digestOf(scene, a.tenantId)).toEqual(before)
  })

  test('filters, paths, search, counts and groups find nothing of another tenant', async () => {
    const filters: ((ids: Ids) => string)[] = [
      ({ task: id }) => `where[id]=${id}`, ({ task: id }) => `where[parent]=${id}`, ({ task: id }) => `where[others][has]=${id}`, ({ note }) => `where[note]=${note}`, ({ company }) => `where[company]=${company}`,
      ({ user }) => `where[owner]=${user}`, ({ task: id }) => `where[id][in]=${id}`, ({ note }) => `where[note.id]=${note}`, ({ task: id }) => `where[parent.id]=${id}&expand=parent,parent.note`, ({ file }) => `where[photo]=${file}`,
    ]
    for (const filter of filters) {
      for (const rest of ['', '&count=exact', '&deleted=true']) expect((await indistinct((ids) => ({ method: 'GET', path: `${task}?${filter(ids)}${rest}` }))).body).toMatchObject({ data: [] })
    }
    for (const query of ['where[title]=Quiet matter', 'where[title][contains]=quiet', 'where[note.text]=Quiet matter', 'q=quiet', 'where[code]=ONE&where[title][startsWith]=Quiet', 'where[cost]=7&where[title][ne]=Own matter']) {
      expect((await scene.send(b, 'GET', `${task}?${encodeURI(query)}&count=exact`)).body, query).toEqual({ data: [], next: null, total: 0 })
    }
    expect((await indistinct(({ task: id }) => ({ method: 'POST', path: `${task}/aggregate`, body: { where: { id }, groupBy: ['title'], sum: ['cost'] } }))).body).not.toHaveProperty('data.0')
    const groups = await scene.send(b, 'POST', `${task}/aggregate`, { body: { groupBy: ['title'], max: ['cost'] } })
    for (const secret of secrets) expect(groups.text).not.toContain(secret)
  })

  test('an estimate says nothing of the values another tenant has: conditions are counted, up to 10,000', async () => {
    for (const [tenant, title, rows] of [[a.tenantId, 'Often', 10_001], [b.tenantId, 'Never', 10_000]]) {
      await scene.rows(`insert into p_hse_guarded.task (tenant_id, title) select $1::uuid, $2 from generate_series(1, $3::integer)`, [tenant, title, rows])
    }
    await scene.rows('analyze p_hse_guarded.task')
    const estimate = async (who: Person, where: string) => (({ total, isEstimate }) => ({ total, isEstimate }))((await scene.send(who, 'GET', `${task}?${where}&limit=1&count=estimated`)).body)
    for (const where of ['where[title]=Often', 'where[title][gt]=Oft&where[title][lt]=Oftf', 'q=often']) expect(await estimate(b, where)).toEqual({ total: 0, isEstimate: undefined })
    expect(await estimate(b, 'where[title]=Never')).toEqual({ total: 10_000, isEstimate: undefined })
    expect(await estimate(a, 'where[title]=Often')).toEqual({ total: 10_000, isEstimate: true })
    await scene.rows(`delete from p_hse_guarded.task where title in ('Often', 'Never')`)
  })

  test('a field another tenant added is not there: not to read, write, filter, sort, group, nor in the document', async () => {
    const unknown = (name: string): Asked[] => [
      { method: 'GET', path: `${task}?where[custom.${name}]=x` }, { method: 'GET', path: `${task}?sort=custom.${name}` }, { method: 'POST', path: task, body: { title: 'Mine', custom: { [name]: 'x' } } },
      { method: 'POST', path: `${task}/aggregate`, body: { groupBy: [`custom.${name}`] } },
    ]
    const [foreign, never] = [unknown('quietField'), unknown('neverField')]
    for (const [at, { method, path, ...sending }] of foreign.entries()) {
      const [one, other] = [await scene.send(b, method, path, sending), await scene.send(b, method, never[at]?.path ?? '', never[at] ?? {})]
      expect([400, 422]).toContain(one.status)
      expect(one.text.replaceAll('quietField', 'neverField')).toBe(other.text)
    }
    for (const query of ['where[custom.ownField]=Quiet words', 'sort=-custom.ownField']) expect((await scene.send(b, 'GET', `${task}?${encodeURI(query)}`)).body['data']).toMatchObject([{ id: ofB.task }])
  })

  test('cursors and idempotency keys of another tenant lead nowhere', async () => {
    for (const title of ['A1', 'A2']) await scene.made(a, task, { title: `Quiet matter ${title}` })
    const page = await scene.send(a, 'GET', `${task}?sort=title&limit=1`)
    const own = await scene.send(b, 'GET', `${task}?sort=title&after=${String(page.body['next'])}`)
    expect(own.status).toBe(200)
    for (const secret of secrets.slice(0, 3)) expect(own.text).not.toContain(secret)
    const headers = { 'idempotency-key': 'the-same' }
    const body = { title: 'Quiet matter of both' }
    const [first, second] = [await scene.send(a, 'POST', task, { body, headers }), await scene.send(b, 'POST', task, { body, headers })]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body['id']).not.toBe(first.body['id'])
    expect(await scene.send(b, 'GET', String(first.headers['location']))).toMatchObject({ status: 404 })
  })

  test('what is unique in one tenant, and counted in one, says nothing of another', async () => {
    const mine = await scene.send(b, 'POST', task, { body: { title: 'Mine', code: 'TWO' } })
    expect(mine.status).toBe(201)
    expect((await scene.send(a, 'POST', task, { body: { title: 'Theirs', code: 'TWO' } })).status).toBe(201)
    const counters = await scene.rows<{ tenant: string; value: string }>(`select tenant_id as tenant, value from opsflux.sequence_counter where tenant_id = any($1)`, [[a.tenantId, b.tenantId]])
    expect(mine.body['number']).toBe(`T-${new Date().getUTCFullYear()}-${String(counters.find(({ tenant }) => tenant === b.tenantId)?.value).padStart(4, '0')}`)
  })

  test('a hook acts for its user alone: it reads, changes and refers to nothing of another tenant', async () => {
    const before = await digestOf(scene, a.tenantId)
    const hooked = (word: string): Promise<Answer> => indistinct(({ task: id }) => ({ method: 'POST', path: task, body: { title: `${word} ${id}` } }))
    expect((await hooked('retitle')).status).toBe(404)
    expect((await hooked('adopt')).status).toBe(422)
    expect((await scene.made(b, task, { title: `read ${ofA.task}` }))['title']).toBe('nothing')
    expect((await scene.made(b, task, { title: `read ${ofB.task}` }))['title']).toBe('Own matter')
    expect(await digestOf(scene, a.tenantId)).toEqual(before)
  })
})

describe('of what open pages are told', () => {
  test('a record of another tenant is watched in vain, as one that never was, and it is written down', async () => {
    const page = await Page.open(scene, b)
    const watch = (entity: string, id: string) => page.watch({ plugin: 'hse-guarded', entity, id })
    expect([await watch('task', ofA.task), await watch('task', randomUUID()), await watch('task', ofA.binned), await watch('step', ofA.step), await watch('task', ofA.task.toUpperCase())]).toEqual(Array(5).fill('not-found'))
    expect(await watch('task', ofB.task)).toBeUndefined()
    const refused = await scene.rows<{ id: string }>(`select record_id as id from opsflux.audit_entry where user_id = $1 and action = 'refused' and record_id = any($2) order by at, id`, [b.id, Object.values(ofA)])
    expect(refused.map(({ id }) => id)).toEqual([ofA.task, ofA.binned, ofA.step, ofA.task])
    page.close()
  })

  test('nothing that happens in another tenant is heard, whatever it is', async () => {
    const [own, foreign] = await Promise.all([Page.open(scene, a), Page.open(scene, b)])
    for (const page of [own, foreign]) for (const entity of ['task', 'step']) expect(await page.watch({ plugin: 'hse-guarded', entity })).toBeUndefined()
    const made = await scene.made(a, task, { title: 'Loud' })
    await scene.send(a, 'PATCH', `${task}/${made.id}`, { body: { title: 'Louder' }, headers: seen })
    await scene.made(a, `${task}/${made.id}/comments`, { text: 'Loudest' })
    await scene.send(a, 'POST', `${task}/${made.id}/transitions/start`, { headers: { 'if-match': '"2"' } })
    await scene.send(a, 'DELETE', `${task}/${made.id}`, { headers: { 'if-match': '"3"' } })
    await scene.send(a, 'POST', `${task}/${made.id}/purge`, { headers: { 'if-match': '"4"' } })
    const { id: last } = await scene.made(b, task, { title: 'The end' })
    // What happened to a record that is gone since is not told one by one.
    await expect.poll(() => own.heard, { timeout: 10_000 }).toContainEqual(expect.objectContaining({ id: made.id, action: 'purge' }))
    await expect.poll(() => foreign.heard, { timeout: 10_000 }).toContainEqual(expect.objectContaining({ id: last }))
    const ofOthers = await scene.rows<{ id: string }>('select record_id as id from opsflux.audit_entry where tenant_id <> $1', [b.tenantId])
    expect(foreign.heard.filter(({ id }) => ofOthers.some((other) => other.id === id))).toEqual([])
    for (const page of [own, foreign]) page.close()
  })
})
