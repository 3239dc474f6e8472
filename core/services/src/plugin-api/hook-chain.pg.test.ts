import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EntityTransaction, Row } from '@opsflux/data'
import { alice, withPermissions } from '@opsflux/data/testing/works'
import { HookScene, other, works } from '../outbox/test-scene.ts'

let scene: HookScene
beforeAll(async () => { scene = await HookScene.start() })
afterAll(() => scene?.stop())
beforeEach(() => {
  scene.disabled.clear()
  scene.serve(works)
  scene.serve(other)
})

const append = (mark: string): string => `beforeCreate: (input) => ({ ...input, title: input.title + '${mark}' })`
const create = (input: Row = {}) => (db: EntityTransaction): Promise<Row> => db.create('workOrder', { title: 'a', ...input })
const dependencies = { [works]: '^1.0.0' }
const key = `${works}/workOrder`

describe('before-hooks of several modules', () => {
  test('run the own module first, each on what the one before answered, in the sandbox of their module', async () => {
    scene.serve(works, { hooks: { workOrder: ['beforeCreate'] }, code: `{ workOrder: { ${append('1')} } }` })
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeCreate'] }, code: `{ '${key}': { ${append('2')} } }` })
    expect(await scene.write(create())).toMatchObject({ title: 'a12' })
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeCreate'] }, hookOrder: { before: [works] }, code: `{ '${key}': { ${append('2')} } }` })
    expect(await scene.write(create())).toMatchObject({ title: 'a21' })
  })

  test('are left out where the entity does not let them, the tenant has switched them off, or they do not serve', async () => {
    const hooks = { [key]: ['beforeCreate' as const] }
    const code = `{ '${key}': { ${append('!')} } }`
    scene.serve(other, { dependencies, hooks, code })
    for (const hookable of [false, [], ['someone-else']]) {
      scene.serve(works, { hookable })
      expect(await scene.write(create())).toMatchObject({ title: 'a' })
    }
    scene.serve(works, { hookable: [other] })
    expect(await scene.write(create())).toMatchObject({ title: 'a!' })
    scene.disabled.add(other)
    expect(await scene.write(create())).toMatchObject({ title: 'a' })
    scene.disabled.clear()
    scene.host.withhold(other, { name: 'Permits', reason: 'It was blocked.' })
    expect(await scene.write(create())).toMatchObject({ title: 'a' })
  })

  test('reach the records of their own module, in the same transaction and with the rights of the user', async () => {
    const code = `{ '${key}': { beforeCreate: async (input, { db }) => ({ ...input, notes: (await db.permit.create({ title: input.title })).title }) } }`
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeCreate'] }, code })
    expect(await scene.write(create({ title: 'granted' }))).toMatchObject({ notes: 'granted' })
    await expect(scene.write(async (db) => { await create({ title: 'undone' })(db); throw new Error('mine') })).rejects.toThrow('mine')
    expect(await scene.rows("select title from p_test_permits.permit")).toEqual([{ title: 'granted' }])
    // Who may create work orders need not be one who may create permits.
    await expect(scene.write(create(), withPermissions(alice, 'view.all', 'create.all'))).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining(other) })
  })

  test('of a field run when it gets another value, on the field as the one before left it, and answer further changes or nothing', async () => {
    const hooks = { workOrder: ['beforeChange.hours' as const] }
    scene.serve(works, { hooks, code: '{ workOrder: { "beforeChange.hours": ({ from, to, changes, record }) => ({ notes: [from, to, changes.title ?? record.title].join(), hours: to * 2 }) } }' })
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeChange.hours'] }, code: `{ '${key}': { 'beforeChange.hours': ({ from, to }, { log }) => { log.info([from, to].join()) } } }` })
    const made = await scene.write(create({ hours: 4 }))
    expect(made).toMatchObject({ hours: 8, notes: ',4,a' })
    expect(scene.logged.at(-1)).toBe(',8')
    const id = String(made['id'])
    expect(await scene.write((db) => db.update('workOrder', id, { hours: 5 }))).toMatchObject({ hours: 10, notes: '8,5,a' })
    scene.logged.length = 0
    // Given its old value back by the first, there is nothing to tell the second.
    expect(await scene.write((db) => db.update('workOrder', id, { hours: 5 }))).toMatchObject({ hours: 10, notes: '10,5,a' })
    await scene.write((db) => db.update('workOrder', id, { title: 'b' }))
    expect(scene.logged).toEqual([])
  })

  test('stand in the history with the fields they changed', async () => {
    scene.serve(works, { hooks: { workOrder: ['beforeUpdate'] }, code: '{ workOrder: { beforeUpdate: ({ changes }) => ({ ...changes, notes: "checked" }) } }' })
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeUpdate', 'beforeDelete'] }, code: `{ '${key}': { beforeUpdate: ({ changes }) => ({ ...changes, hours: 3 }), beforeDelete: () => undefined } }` })
    const { id } = await scene.write(create())
    await scene.write((db) => db.update('workOrder', String(id), { title: 'b' }))
    expect((await scene.write((db) => db.history('workOrder', String(id)))).data[0]).toMatchObject({
      action: 'update', hooks: [works, other], changes: { title: { from: 'a', to: 'b' }, notes: { from: null, to: 'checked', hook: works }, hours: { from: null, to: 3, hook: other } },
    })
    await scene.write((db) => db.remove('workOrder', String(id)))
    expect(await scene.rows(`select hooks from opsflux.audit_entry where record_id = '${String(id)}' and action = 'delete'`)).toEqual([{ hooks: [other] }])
  })

  test('that refuse, fail, or answer no values keep the change from being made, naming their module', async () => {
    const hooks = { [key]: ['beforeCreate' as const] }
    const attempts: [string, object][] = [
      ['() => { throw Object.assign(new Error("No permit."), { code: "refused-by-module", field: "title" }) }', { code: 'refused-by-module', message: 'No permit.', data: { plugin: other } }],
      ['() => { throw new Error("broken") }', { code: 'plugin-failed', message: expect.stringContaining(other) }],
      ['() => "text"', { code: 'plugin-failed', message: expect.stringContaining(`in ${other} must answer the values`) }],
      ['() => undefined', { code: 'plugin-failed' }],
    ]
    for (const [handler, error] of attempts) {
      scene.serve(other, { dependencies, hooks, code: `{ '${key}': { beforeCreate: ${handler} } }` })
      await expect(scene.write(create({ title: 'never' })), handler).rejects.toMatchObject(error)
    }
    expect(await scene.rows("select id from p_test_works.work_order where title = 'never'")).toEqual([])
  })

  test('that wait for each other run in the usual order, and it is said', async () => {
    scene.serve(works, { hooks: { workOrder: ['beforeCreate'] }, hookOrder: { after: [other] }, code: `{ workOrder: { ${append('1')} } }` })
    scene.serve(other, { dependencies, hooks: { [key]: ['beforeCreate'] }, hookOrder: { after: [works] }, code: `{ '${key}': { ${append('2')} } }` })
    expect(await scene.write(create())).toMatchObject({ title: 'a12' })
    expect(scene.logged).toContain('the hooks of modules wait for each other; they run in the usual order')
  })

  test('take steps of the records of their module', async () => {
    scene.serve(works, { hooks: { site: ['beforeCreate'] }, code: '{ site: { beforeCreate: async (input, { db }) => ({ ...input, name: (await db.workOrder.transition(input.name, "open")).state }) } }' })
    const { id } = await scene.write(create())
    expect(await scene.write((db) => db.create('site', { name: String(id) }))).toMatchObject({ name: 'open' })
  })
})

test('a module cannot be changed while a write that its hooks belong to runs', async () => {
  scene.serve(other, { dependencies, hooks: { [key]: ['beforeCreate'] }, code: `{ '${key}': { ${append('!')} } }` })
  const steps: string[] = []
  let paused: Promise<void> | undefined
  await scene.write(async (db) => {
    paused = scene.host.pause(other).then(() => { steps.push('paused') })
    expect(await create()(db)).toMatchObject({ title: 'a!' })
    steps.push('written')
  })
  await paused
  scene.host.resume(other)
  expect(steps).toEqual(['written', 'paused'])
})
