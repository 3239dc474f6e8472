import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { EntityTransaction, Row } from '@opsflux/data'
import type { HookEvent } from '@opsflux/sdk'
import { maxAttempts } from './plugin-outbox.ts'
import { HookScene, other, works } from './test-scene.ts'

let scene: HookScene
beforeAll(async () => { scene = await HookScene.start() })
afterAll(() => scene?.stop())
afterEach(async () => {
  scene.disabled.clear()
  scene.serve(works)
  scene.serve(other)
  await scene.database.database.admin.query('delete from opsflux.outbox')
  scene.logged.length = 0
})

const key = `${works}/workOrder`
const every: HookEvent[] = ['afterCreate', 'afterUpdate', 'afterDelete', 'afterTransition', 'afterChange.hours', 'afterChange.state']
const tell = (event: string): string => `'${event}': (change, { log }) => { log.info(JSON.stringify(['${event}', change])) }`
const told = (): [string, Row & { record: Row }][] => scene.logged.filter((line) => line.startsWith('["after')).map((line) => JSON.parse(line) as [string, Row & { record: Row }])
const create = (title: string, input: Row = {}) => (db: EntityTransaction): Promise<Row> => db.create('workOrder', { title, ...input })
const idOf = (record: Row): string => String(record['id'])
const waiting = () => scene.rows<{ position: string; attempts: number; problem: string | null; isParked: boolean }>('select position, attempts, problem, parked_at is not null as "isParked" from opsflux.outbox order by position')
const isEmpty = async (): Promise<void> => { await expect.poll(waiting, { timeout: 10_000 }).toEqual([]) }
/** A hook that fails for records titled `bad…`. */
const picky = "afterCreate: ({ record }, { log }) => { log.info('try ' + record.title); if (record.title.startsWith('bad')) throw new Error('not this one') }"

describe('after-hooks', () => {
  test('are told each change of a record in its order, with the record as that change left it', async () => {
    scene.serve(works, { hooks: { workOrder: every }, code: `{ workOrder: { ${every.map(tell).join()} } }` })
    // All of it is committed before anything is told.
    const id = idOf(await scene.write(create('first', { hours: 1 })))
    await scene.write((db) => db.update('workOrder', id, { title: 'second', hours: 2 }))
    await scene.write((db) => db.transition('workOrder', id, 'open'))
    await scene.write((db) => db.remove('workOrder', id))
    const outbox = scene.dispatch()
    await isEmpty()
    expect(told().map(([event, { record: { title, hours, state, revision } }]) => [event, title, hours, state, revision])).toEqual([
      ['afterCreate', 'first', 1, 'draft', 1], ['afterChange.hours', 'first', 1, 'draft', 1], ['afterUpdate', 'second', 2, 'draft', 2], ['afterChange.hours', 'second', 2, 'draft', 2],
      ['afterTransition', 'second', 2, 'open', 3], ['afterChange.state', 'second', 2, 'open', 3], ['afterDelete', 'second', 2, 'open', 3],
    ])
    const changes = new Map(told())
    expect(changes.get('afterUpdate')).toMatchObject({ changes: { title: { from: 'first', to: 'second' }, hours: { from: 1, to: 2 } } })
    expect(changes.get('afterTransition')).toMatchObject({ transition: 'open', from: 'draft', to: 'open' })
    expect(changes.get('afterDelete')).toMatchObject({ purged: true })
    expect(changes.get('afterChange.hours')).toMatchObject({ from: 1, to: 2 })
    expect(new Set(told().map(([, change]) => change['id'])).size).toBe(4)
    await scene.end(outbox)
  })

  test('are not given encrypted values, and the outbox does not keep them', async () => {
    scene.serve(works, { hooks: { asset: ['afterCreate', 'afterDelete'] }, code: `{ asset: { ${tell('afterCreate')}, afterDelete: () => { throw new Error('never') } } }` })
    const outbox = scene.dispatch({ backOffMs: () => 0 })
    const id = idOf(await scene.write((db) => db.create('asset', { name: 'safe', pin: '4711' })))
    await scene.write((db) => db.remove('asset', id))
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject([{ isParked: true }])
    expect(told()).toEqual([['afterCreate', expect.objectContaining({ record: expect.objectContaining({ name: 'safe', pin: '[encrypted]' }) })]])
    expect(await scene.rows("select position from opsflux.outbox where payload::text like '%4711%'")).toEqual([])
    await scene.end(outbox)
  })

  test('that change their own record come to an end after ten in a row', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate', 'afterUpdate'] }, code: `{ workOrder: {
      afterCreate: ({ record }, { db }) => db.workOrder.update(record.id, { hours: 1 }).then(() => undefined), afterUpdate: ({ record }, { db }) => db.workOrder.update(record.id, { hours: record.hours + 1 }).then(() => undefined),
    } }` })
    const outbox = scene.dispatch({ backOffMs: () => 0 })
    const id = idOf(await scene.write(create('endless')))
    await expect.poll(waiting, { timeout: 20_000 }).toMatchObject([{ isParked: true, problem: expect.stringContaining('without end') as string }])
    expect(await scene.rows(`select hours::integer as hours from p_test_works.work_order where id = '${id}'`)).toEqual([{ hours: 10 }])
    await scene.end(outbox)
  }, 30_000)

  test('of other modules run where the entity lets them and the tenant has not switched them off, as the user who made the change', async () => {
    scene.serve(works, { hookable: [other] })
    scene.serve(other, { dependencies: { [works]: '^1.0.0' }, hooks: { [key]: ['afterCreate'] }, code: `{ '${key}': { afterCreate: ({ record, userId }, { db, user }) => db.permit.create({ title: record.title + (userId === user.id) }).then(() => undefined) } }` })
    const outbox = scene.dispatch()
    await scene.write(create('one'))
    await isEmpty()
    scene.disabled.add(other)
    await scene.write(create('two'))
    await isEmpty()
    scene.disabled.clear()
    scene.serve(works, { hookable: false })
    await scene.write(create('three'))
    await isEmpty()
    expect(await scene.rows('select title from p_test_permits.permit')).toEqual([{ title: 'onetrue' }])
    await scene.end(outbox)
  })

  test('that fail are tried again without holding up other records, and given up after five attempts: then what follows is told', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate', 'afterUpdate'] }, code: `{ workOrder: { ${picky}, ${tell('afterUpdate')} } }` })
    const outbox = scene.dispatch({ backOffMs: () => 0 })
    const bad = idOf(await scene.write(create('bad')))
    await scene.write((db) => db.update('workOrder', bad, { hours: 1 }))
    await scene.write(create('good'))
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject([{ attempts: maxAttempts, isParked: true, problem: expect.stringContaining('not this one') }])
    const lines = scene.logged.filter((line) => line.startsWith('try') || line.startsWith('["after'))
    expect(lines.filter((line) => line === 'try bad')).toHaveLength(maxAttempts)
    expect(lines.indexOf('try good')).toBeLessThan(lines.lastIndexOf('try bad'))
    expect(lines.findIndex((line) => line.startsWith('["afterUpdate'))).toBeGreaterThan(lines.lastIndexOf('try bad'))
    expect(scene.logged).toContain('an after-hook was given up')
    await scene.end(outbox)
  })

  test('that have run are not run again for another that failed', async () => {
    const failing = 'afterCreate: () => { throw new Error("later") }'
    scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: `{ workOrder: { ${failing} } }` })
    scene.serve(other, { dependencies: { [works]: '^1.0.0' }, hooks: { [key]: ['afterCreate'] }, code: `{ '${key}': { ${tell('afterCreate')} } }` })
    const outbox = scene.dispatch({ backOffMs: () => 3_600_000 })
    await scene.write(create('one'))
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject([{ attempts: 1, isParked: false }])
    scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: `{ workOrder: { ${tell('afterCreate')} } }` })
    await scene.database.database.admin.query('update opsflux.outbox set next_attempt_at = null')
    outbox.poll()
    await isEmpty()
    expect(told()).toHaveLength(2)
    await scene.end(outbox)
  })

  test('whose message PostgreSQL cannot hold are given up like others', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: '{ workOrder: { afterCreate: () => { throw new Error("half\\0way") } } }' })
    const outbox = scene.dispatch({ backOffMs: () => 0 })
    await scene.write(create('one'))
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject([{ attempts: maxAttempts, isParked: true, problem: expect.stringContaining('halfway') }])
    await scene.end(outbox)
  })

  test('that run when the host stops are waited for', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: "{ workOrder: { afterCreate: async ({ record }, { db, log }) => { log.info('begun'); while (!(await db.site.count({ name: 'stopping' }))); log.info('ended ' + record.title) } } }" })
    const outbox = scene.dispatch()
    await scene.write(create('one'))
    await expect.poll(() => scene.logged, { timeout: 10_000 }).toContain('begun')
    const ended = scene.end(outbox)
    await scene.write((db) => db.create('site', { name: 'stopping' }))
    await ended
    expect(scene.logged).toContain('ended one')
    expect(await scene.rows("select from opsflux.outbox where entity = 'workOrder'")).toEqual([])
  })

  test('wait for a module that does not serve', async () => {
    await scene.write(create('one'))
    scene.host.withhold(works, { name: 'Works', reason: 'It failed.' })
    const outbox = scene.dispatch()
    await scene.end(outbox)
    expect(await waiting()).toHaveLength(1)
  })
})

describe('a host that is gone', () => {
  test('leaves nothing untold: another one tells what it had committed and begun', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: '{ workOrder: { afterCreate: async ({ record }, { db, log }) => { log.info("begun"); if (!(await db.site.count({ name: "go on" }))) await new Promise(() => {}); log.info("ended " + record.title) } } }' })
    const first = scene.dispatch()
    await scene.write(create('one'))
    await expect.poll(() => scene.logged, { timeout: 10_000 }).toContain('begun')
    // As kill -9 does: its connection ends, and with it its leases.
    await scene.database.database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opsflux-outbox' and datname = current_database()")
    await scene.write((db) => db.create('site', { name: 'go on' }))
    const second = scene.dispatch()
    await isEmpty()
    expect(scene.logged).toContain('ended one')
    await Promise.all([scene.end(first), scene.end(second)])
  })

  test('two at once tell each change once, in order, whichever committed it', async () => {
    scene.serve(works, { hooks: { workOrder: ['afterCreate', 'afterUpdate'] }, code: `{ workOrder: { ${tell('afterCreate')}, ${tell('afterUpdate')} } }` })
    const outboxes = [scene.dispatch(), scene.dispatch()]
    const ids = await Promise.all(['one', 'two', 'three'].map(async (title) => idOf(await scene.write(create(title)))))
    for (const hours of [1, 2, 3]) await Promise.all(ids.map((id) => scene.write((db) => db.update('workOrder', id, { hours }))))
    await isEmpty()
    for (const id of ids) expect(told().filter(([, { record }]) => record['id'] === id).map(([, { record }]) => record['revision'])).toEqual([1, 2, 3, 4])
    // Nobody keeps the lease once there is nothing to tell, or is kept awake by the other.
    await expect.poll(() => scene.rows("select from pg_locks where locktype = 'advisory' and classid = 7072011 and database = (select oid from pg_database where datname = current_database())"), { timeout: 10_000 }).toEqual([])
    await Promise.all(outboxes.map((outbox) => scene.end(outbox)))
  })
})

test('what became of records of a module that is uninstalled is told nobody', async () => {
  await scene.write(create('one'))
  await scene.database.database.admin.query("update opsflux.outbox set plugin_id = 'gone-for-good'")
  const outbox = scene.dispatch()
  await isEmpty()
  await scene.end(outbox)
})
