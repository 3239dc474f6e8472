import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { scopes, type Action, type Scope } from '@opsflux/sdk'
import { step, task, TenantScene, type Answer, type Body, type Person } from './scene.ts'

/** Records of one company, of one department and one below it, of another company, of the user, and of nobody. */
const owners = ['north', 'deck', 'hatch', 'south', 'user', 'nobody'] as const
type Owner = (typeof owners)[number]

let scene: TenantScene
let admin: Person
let user: Person
let places: Record<'north' | 'south' | 'deck' | 'hatch', string>
let fields: Record<Owner, Body>

beforeAll(async () => {
  scene = await TenantScene.start()
  admin = scene.a
  const company = async (name: string): Promise<string> => (await scene.made(admin, '/api/companies', { name })).id
  const [north, south] = [await company('North'), await company('South')]
  const deck = (await scene.made(admin, '/api/departments', { name: 'Deck', company: north })).id
  const hatch = (await scene.made(admin, '/api/departments', { name: 'Hatch', company: north, parent: deck })).id
  places = { north, south, deck, hatch }
}, 120_000)
afterAll(() => scene?.stop())
// Who holds nothing but what the test gives.
beforeEach(async () => {
  user = await scene.person(admin.tenantId)
  fields = { north: { company: places.north }, deck: { department: places.deck }, hatch: { department: places.hatch }, south: { company: places.south }, user: { owner: user.id }, nobody: {} }
})

const ok = async (answer: Promise<Answer>): Promise<Body> => {
  const { status, text, body } = await answer
  if (status >= 300) throw new Error(`${status} ${text}`)
  return body
}
const patch = (who: Person, path: string, body: unknown, revision: unknown = 1): Promise<Answer> => scene.send(who, 'PATCH', path, { body, headers: { 'if-match': `"${String(revision)}"` } })
const post = (who: Person, path: string, revision: number): Promise<Answer> => scene.send(who, 'POST', path, { headers: { 'if-match': `"${revision}"` } })
const granted = (...permissions: string[]): string[] => permissions.map((permission) => `hse-guarded.${permission}`)

let roles = 0
async function roleOf(permissions: string[], inherits: string[] = []): Promise<string> {
  roles += 1
  return (await scene.made(admin, '/api/roles', { name: `Role ${roles}`, permissions, inherits })).id
}
const hold = (role: string, place: Body = {}, who = user): Promise<Body & { id: string }> => scene.made(admin, `/api/users/${who.id}/memberships`, { role, ...place })
const change = (role: string, permissions: string[]): Promise<Body> => ok(scene.send(admin, 'PATCH', `/api/roles/${role}`, { body: { permissions } }))

/** A record of each owner, by owner. */
async function recordsOf(title: string): Promise<Map<Owner, string>> {
  const { results } = await ok(scene.send(admin, 'POST', `${task}/bulk`, { body: { create: owners.map((owner) => ({ title: `${title} ${owner}`, ...fields[owner] })) } })) as { results: { id: string }[] }
  return new Map(owners.map((owner, index) => [owner, results[index]?.id ?? '']))
}
async function binnedOf(title: string): Promise<Map<Owner, string>> {
  const records = await recordsOf(title)
  await ok(scene.send(admin, 'POST', `${task}/bulk`, { body: { delete: [...records.values()].map((id) => ({ id })) } }))
  return records
}

/** Whose records a user gets one status with, and the others with the other. */
async function allowed(records: ReadonlyMap<Owner, string>, success: number, refusals: readonly number[], work: (id: string) => Promise<Answer>): Promise<Owner[]> {
  const reached: Owner[] = []
  for (const [owner, id] of records) {
    const { status, text } = await work(id)
    expect([success, ...refusals], `${owner}: ${text}`).toContain(status)
    if (status === success) reached.push(owner)
  }
  return reached
}
async function inBulk(write: 'update' | 'delete' | 'create', items: readonly unknown[]): Promise<Owner[]> {
  const { results } = await ok(scene.send(user, 'POST', `${task}/bulk`, { body: { atomic: false, [write]: items } })) as { results: { error?: { code: string } }[] }
  for (const { error } of results) if (error) expect(['forbidden', 'not-found']).toContain(error.code)
  return owners.filter((_owner, index) => results[index]?.error === undefined)
}

/** How the right is held, and whose records each scope of it then reaches. */
const matrix: Readonly<Record<string, { at(): Body; also?(): Body; of?: readonly Action[]; reach: Record<Scope, readonly Owner[]> }>> = {
  'in the whole organisation': { of: ['view', 'create'], at: () => ({}), reach: { all: owners, company: [], department: [], own: ['user'] } },
  'in the whole organisation, with a place at a department': {
    at: () => ({}), also: () => ({ company: places.north, department: places.deck }), reach: { all: owners, company: ['north'], department: ['deck', 'hatch'], own: ['user'] },
  },
  'at a company': { at: () => ({ company: places.north }), reach: { all: ['north'], company: ['north'], department: [], own: ['user'] } },
  'at a department': { at: () => ({ company: places.north, department: places.deck }), reach: { all: ['north'], company: ['north'], department: ['deck', 'hatch'], own: ['user'] } },
}

/** What each action lets a user do. Whatever the action, he views everything beside it, but for `view` itself. */
const probes: Record<Exclude<Action, 'export'>, () => Promise<Record<string, Owner[]>>> = {
  view: async () => {
    const records = await recordsOf('view')
    const listed = await scene.send(user, 'GET', `${task}?where[id][in]=${[...records.values()].join()}`)
    const titles = listed.status === 403 ? [] : (listed.body['data'] as Body[]).map(({ id }) => id)
    const counted = await scene.send(user, 'POST', `${task}/aggregate`, { body: { where: { id: { in: [...records.values()] } }, groupBy: ['id'] } })
    const get = (rest = '') => allowed(records, 200, [403, 404], (id) => scene.send(user, 'GET', `${task}/${id}${rest}`))
    return {
      list: owners.filter((owner) => titles.includes(records.get(owner))), groups: owners.filter((owner) => counted.text.includes(records.get(owner) ?? 'none')),
      read: await get(), history: await get('/history'),
    }
  },
  create: async () => ({ bulk: await inBulk('create', owners.map((owner) => ({ title: 'created', ...fields[owner] }))) }),
  edit: async () => {
    const records = await recordsOf('edit')
    const bulk = await inBulk('update', [...records.values()].map((id) => ({ id, changes: { title: 'changed' } })))
    const byId = new Map([...records].map(([owner, id]) => [id, bulk.includes(owner) ? 2 : 1]))
    return { bulk, transition: await allowed(records, 200, [403], (id) => post(user, `${task}/${id}/transitions/start`, byId.get(id) ?? 0)) }
  },
  delete: async () => {
    const records = await recordsOf('delete')
    const bulk = await inBulk('delete', [...records.values()].map((id) => ({ id })))
    const left = new Map([...records].filter(([owner]) => !bulk.includes(owner)))
    expect(await allowed(left, 204, [403], (id) => scene.send(user, 'DELETE', `${task}/${id}`, { headers: { 'if-match': '"1"' } }))).toEqual([])
    if (left.size > 0) await ok(scene.send(admin, 'POST', `${task}/bulk`, { body: { delete: [...left.values()].map((id) => ({ id })) } }))
    return { bulk, restore: await allowed(records, 200, [403], (id) => post(user, `${task}/${id}/restore`, 2)) }
  },
  manage: async () => ({ purge: await allowed(await binnedOf('manage'), 204, [403], (id) => post(user, `${task}/${id}/purge`, 2)) }),
  approve: async () => ({ transition: await allowed(await recordsOf('approve'), 200, [403], (id) => post(user, `${task}/${id}/transitions/finish`, 1)) }),
}

describe.each(Object.entries(matrix))('a right held %s', (_held, { at, also, reach, of = Object.keys(probes) }) => {
  test.each(of as (keyof typeof probes)[])('%s reaches the records of its scope, and no others', async (action) => {
    if (action !== 'view') await hold(await roleOf(granted('view.all')))
    if (also) await hold(await roleOf([]), also())
    const role = await roleOf([])
    await hold(role, at())
    for (const scope of scopes) {
      await change(role, granted(`${action}.${scope}`))
      for (const [what, reached] of Object.entries(await probes[action]())) expect({ scope, what, reached }).toEqual({ scope, what, reached: reach[scope] })
    }
  })
})

test('the right to export gives nothing of all this: nothing asks for it yet', async () => {
  await hold(await roleOf(granted('view.all', 'export.all')))
  const [id = ''] = (await recordsOf('export')).values()
  const answers = [scene.send(user, 'DELETE', `${task}/${id}`, { headers: { 'if-match': '"1"' } }), patch(user, `${task}/${id}`, { title: 'x' }), post(user, `${task}/${id}/purge`, 1), post(user, `${task}/${id}/transitions/finish`, 1), scene.send(user, 'POST', task, { body: { title: 'x' } })]
  for (const answer of answers) expect((await answer).status).toBe(403)
})

test('who sees a record sees its comments, attachments and versions, and who does not finds none of them', async () => {
  await hold(await roleOf(granted('view.own')))
  const records = await recordsOf('parts')
  for (const part of ['comments', 'attachments', 'versions', 'versions/1']) expect(await allowed(records, 200, [404], (id) => scene.send(user, 'GET', `${task}/${id}/${part}`))).toEqual(['user'])
})

test('without a right nothing is there, and nothing can be done', async () => {
  const records = await recordsOf('none')
  for (const id of records.values()) {
    expect((await scene.send(user, 'GET', `${task}/${id}`)).status).toBe(403)
    expect((await scene.send(user, 'GET', `${task}/${id}/history`)).status).toBe(403)
  }
  expect((await scene.send(user, 'GET', task)).status).toBe(403)
  expect((await scene.send(user, 'GET', '/api/openapi.json')).text).not.toContain('hse-guarded/task')
})

describe('fields with rights of their own', () => {
  const queries = ['where[cost]=7', 'sort=cost', 'fields=cost', 'where[cost][null]=true']

  test('are seen by those alone who hold the right over all they view', async () => {
    const { id } = await scene.made(admin, task, { title: 'Dear', cost: 7, pin: '0000', company: places.north })
    await patch(admin, `${task}/${id}`, { cost: 8 })
    const [all, some] = [await roleOf(granted('view.all')), await roleOf(granted('manage.company'))]
    await hold(all)
    await hold(some, { company: places.north })
    const sees = async () => Object.keys((await ok(scene.send(user, 'GET', `${task}/${id}`)))).includes('cost')
    expect(await sees()).toBe(false)
    for (const query of queries) expect((await scene.send(user, 'GET', `${task}?${query}`)).status, query).toBe(400)
    for (const body of [{ sum: ['cost'] }, { groupBy: ['cost'] }, { where: { cost: 8 } }]) expect((await scene.send(user, 'POST', `${task}/aggregate`, { body })).status).toBe(400)
    const child = await scene.made(admin, step, { title: 'Below', task: id })
    expect((await scene.send(user, 'GET', `${step}?where[task.cost]=8`)).status).toBe(400)
    const answers = [`${task}/${id}/history`, `${task}/${id}/versions/1`, `${task}/${id}/versions/1/diff/2`, `${step}/${child.id}?expand=task`].map(async (path) => (await scene.send(user, 'GET', path)).text)
    for (const text of await Promise.all(answers)) expect(text).not.toContain('"cost"')
    expect((await scene.send(user, 'GET', '/api/openapi.json')).text).not.toContain('"cost"')
    await change(all, granted('view.company'))
    await ok(scene.send(admin, 'POST', `/api/users/${user.id}/memberships`, { body: { role: all, company: places.north } }))
    expect(await sees()).toBe(true)
    expect((await scene.send(user, 'GET', `${task}?where[cost]=8`)).body['data']).toHaveLength(1)
  })

  test('are written by those alone, in a creation, a change, in bulk and by an older version', async () => {
    const { id } = await scene.made(admin, task, { title: 'Dear', cost: 7 })
    await patch(admin, `${task}/${id}`, { cost: 8 })
    const role = await roleOf(granted('view.all', 'create.all', 'edit.all'))
    await hold(role)
    const writes = (): Promise<Answer>[] => [patch(user, `${task}/${id}`, { cost: 9 }, 2), scene.send(user, 'POST', task, { body: { title: 'Mine', cost: 9 } }), scene.send(user, 'POST', `${task}/bulk`, { body: { update: [{ id, changes: { cost: 9 } }] } })]
    for (const answer of await Promise.all(writes())) expect(answer).toMatchObject({ status: 403, body: { errors: [{ path: '/cost', code: 'forbidden' }] } })
    expect((await scene.send(user, 'POST', `${task}/${id}/versions/1/restore`, { headers: { 'if-match': '"2"' } })).status).toBe(200)
    expect((await ok(scene.send(admin, 'GET', `${task}/${id}`)))['cost']).toBe(8)
    await change(role, granted('view.all', 'create.all', 'edit.all', 'manage.all'))
    expect((await patch(user, `${task}/${id}`, { cost: 9 }, 2)).body).toMatchObject({ cost: 9 })
  })
})

describe('a user with several roles', () => {
  test('has each where he holds it, and moves nothing where he may not', async () => {
    await hold(await roleOf(granted('view.company')), { company: places.south })
    await hold(await roleOf(granted('view.company', 'edit.company', 'create.company')), { company: places.north })
    const records = await recordsOf('several')
    expect(await allowed(records, 200, [404], (id) => scene.send(user, 'GET', `${task}/${id}`))).toEqual(['north', 'south'])
    expect(await allowed(records, 200, [403, 404], (id) => patch(user, `${task}/${id}`, { title: 'changed' }))).toEqual(['north'])
    expect(await inBulk('create', owners.map((owner) => ({ title: 'created', ...fields[owner] })))).toEqual(['north'])
    for (const company of [places.south, null]) expect((await patch(user, `${task}/${records.get('north')}`, { company }, 2)).status).toBe(403)
    expect((await ok(scene.send(admin, 'GET', `${task}/${records.get('north')}`)))['company']).toBe(places.north)
  })

  test('has what they inherit, and no longer once it is taken away there', async () => {
    const inherited = await roleOf(granted('view.all'))
    await hold(await roleOf([], [await roleOf([], [inherited])]))
    const read = async () => (await scene.send(user, 'GET', task)).status
    expect(await read()).toBe(200)
    await change(inherited, [])
    expect(await read()).toBe(403)
  })

  test('loses a right with the very next request, on open pages too, and when another host takes it away', async () => {
    const role = await roleOf(granted('view.all'))
    const { id: membership } = await hold(role)
    const read = async () => (await scene.send(user, 'GET', task)).status
    expect(await read()).toBe(200)
    await change(role, [])
    expect(await read()).toBe(403)
    await change(role, granted('view.all'))
    expect(await read()).toBe(200)
    await ok(scene.send(admin, 'DELETE', `/api/users/${user.id}/memberships/${membership}`))
    expect(await read()).toBe(403)
    await hold(role)
    expect(await read()).toBe(200)
    // As another host does: this one is told by the database.
    await scene.rows('delete from opsflux.membership where user_id = $1', [user.id])
    await expect.poll(read, { interval: 20, timeout: 10_000 }).toBe(403)
  })
})
