import { OpsFluxError, type HookEvent, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EntityTransaction, HookCaller } from './entity-transaction.ts'
import { ReleaseEntities } from './release-entities.ts'
import { alice, manifest, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
const events: HookEvent[] = ['beforeCreate', 'beforeUpdate', 'beforeDelete', 'beforeTransition']
const release = new ReleaseEntities({ ...manifest, hooks: { workOrder: events, site: ['beforeCreate'] } })
let calls: [string, Json][] = []
beforeAll(async () => { works = await worksDatabase() })
afterAll(() => works.close())
beforeEach(() => { calls = [] })

type Handler = (payload: { [key: string]: Json }, db: EntityTransaction) => Promise<Json>

/** Runs work with hooks by `entity.event`; those not given answer what goes on unchanged. */
function run<T>(handlers: Record<string, Handler>, work: (db: EntityTransaction) => Promise<T>): Promise<T> {
  const hooks: HookCaller = {
    wants: (entity, event) => release.entity(entity).hooks.has(event),
    call: async (entity, event, payload, db) => {
      calls.push([`${entity}.${event}`, payload])
      const given = payload as { [key: string]: Json }
      const answer = (await handlers[`${entity}.${event}`]?.(given, db)) ?? (event === 'beforeUpdate' ? given['changes'] ?? null : payload)
      return { answer, changedBy: {}, plugins: [manifest.id] }
    },
  }
  return works.engine.run(release, alice, hooks, work)
}
const id = (row: { [field: string]: Json }): string => String(row['id'])

describe('a hook', () => {
  test('sees what was sent and changes what is written', async () => {
    const created = await run({ 'workOrder.beforeCreate': async (input) => ({ ...input, title: `${String(input['title'])}!`, hours: 5 }) }, (db) => db.create('workOrder', { title: 'a' }))
    expect(created).toMatchObject({ title: 'a!', hours: 5, urgent: false })
    const updated = await run({ 'workOrder.beforeUpdate': async ({ record, changes }) => ({ ...(changes as object), notes: `was ${String((record as { title: string }).title)}` }) }, (db) => db.update('workOrder', id(created), { title: 'b' }))
    expect(updated).toMatchObject({ title: 'b', notes: 'was a!', revision: 2 })
    const opened = await run({}, (db) => db.transition('workOrder', id(created), 'open'))
    await run({}, (db) => db.remove('workOrder', id(created)))
    expect(calls).toEqual([
      ['workOrder.beforeCreate', { title: 'a' }], ['workOrder.beforeUpdate', { record: created, changes: { title: 'b' } }],
      ['workOrder.beforeTransition', { record: updated, transition: 'open', to: 'open' }], ['workOrder.beforeDelete', opened],
    ])
  })

  test('answers values that are validated like those of a user', async () => {
    const answer = (values: Json): Promise<unknown> => run({ 'workOrder.beforeCreate': async () => values }, (db) => db.create('workOrder', { title: 'a' }))
    await expect(answer({ title: 'x'.repeat(101), createdBy: alice.userId, state: 'closed' })).rejects.toMatchObject({ code: 'validation-failed', data: { errors: [{ path: '/createdBy' }, { path: '/state' }, { path: '/title' }] } })
    await expect(answer('text')).rejects.toMatchObject({ code: 'plugin-failed' })
    await expect(answer([])).rejects.toMatchObject({ code: 'plugin-failed' })
  })

  test('refuses a change, and nothing it wrote remains', async () => {
    const refusing: Handler = async (_payload, db) => {
      await db.create('site', { name: 'made by a hook' })
      throw new OpsFluxError('refused-by-module', 'No.')
    }
    const kept = await run({}, (db) => db.create('workOrder', { title: 'kept' }))
    const attempts: [string, (db: EntityTransaction) => Promise<unknown>][] = [
      ['workOrder.beforeCreate', (db) => db.create('workOrder', { title: 'refused' })], ['workOrder.beforeUpdate', (db) => db.update('workOrder', id(kept), { title: 'refused' })],
      ['workOrder.beforeDelete', (db) => db.remove('workOrder', id(kept))], ['workOrder.beforeTransition', (db) => db.transition('workOrder', id(kept), 'open')],
    ]
    for (const [name, work] of attempts) await expect(run({ [name]: refusing }, work), name).rejects.toMatchObject({ code: 'refused-by-module' })
    // Even when the caller goes on after the refusal.
    await run({ 'workOrder.beforeCreate': refusing }, async (db) => { await db.create('workOrder', { title: 'refused' }).catch(() => undefined) })
    expect(await run({}, async (db) => [await db.count('workOrder', { title: 'refused' }), await db.count('site', { name: 'made by a hook' }), await db.findOne('workOrder', id(kept))])).toEqual([0, 0, kept])
  })

  test('reads and writes in the transaction of the change', async () => {
    const created = await run({
      'workOrder.beforeCreate': async (input, db) => {
        const site = await db.create('site', { name: 'Angola' })
        expect(await db.count('site', { name: 'Angola' })).toBe(1)
        return { ...input, site: site['id'] ?? null }
      },
    }, (db) => db.create('workOrder', { title: 'with site' }))
    expect(await run({}, (db) => db.findOne('site', String(created['site'])))).toMatchObject({ name: 'Angola' })
    expect(calls.map(([name]) => name)).toEqual(['workOrder.beforeCreate', 'site.beforeCreate'])
  })

  test('that saves the record it is asked about makes the change stale', async () => {
    const record = await run({}, (db) => db.create('workOrder', { title: 'a' }))
    let first = true
    const work = run({ 'workOrder.beforeUpdate': async ({ changes }, db) => {
      if (first) { first = false; await db.update('workOrder', id(record), { hours: 1 }) }
      return changes ?? null
    } }, (db) => db.update('workOrder', id(record), { title: 'b' }))
    await expect(work).rejects.toMatchObject({ code: 'stale-record' })
  })

  test('that calls itself without end is stopped', async () => {
    await expect(run({ 'site.beforeCreate': async (input, db) => db.create('site', input) }, (db) => db.create('site', { name: 'endless' }))).rejects.toMatchObject({ code: 'plugin-failed' })
  })

  test('cannot reach the database once its call has ended', async () => {
    let late: EntityTransaction | undefined
    await run({ 'site.beforeCreate': async (input, db) => { late = db; return input } }, (db) => db.create('site', { name: 'late' }))
    await expect(late?.list('site')).rejects.toMatchObject({ code: 'conflict' })
    let whole: EntityTransaction | undefined
    await run({}, async (db) => { whole = db })
    await expect(whole?.use(async () => 1)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is never skipped: without the plugin running its entities cannot be written', async () => {
    await expect(works.engine.run(release, alice, undefined, (db) => db.create('site', { name: 'x' }))).rejects.toMatchObject({ code: 'plugin-stopped' })
  })
})

describe('a transaction', () => {
  test('goes on after a write that failed, and calls made at once take turns', async () => {
    const results = await run({}, (db) => Promise.allSettled(['one', 'one', 'two', 'two', 'three'].map((name) => db.create('site', { name }))))
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await run({}, (db) => db.count('site', { name: { in: ['one', 'two', 'three'] } }))).toBe(3)
  })

  test('that PostgreSQL has given up is not reported as done', async () => {
    const work = works.engine.run(new ReleaseEntities(manifest), alice, undefined, async (db) => {
      await db.create('site', { name: 'lost' }).catch(() => undefined)
      await db.create('site', { name: 'lost' }).catch(() => undefined)
    }, { savepoints: false })
    await expect(work).rejects.toThrow()
    expect(await run({}, (db) => db.count('site', { name: 'lost' }))).toBe(0)
  })

  test('waits for calls that were not awaited before it commits', async () => {
    await run({}, async (db) => { void db.create('site', { name: 'not awaited' }) })
    expect(await run({}, (db) => db.count('site', { name: 'not awaited' }))).toBe(1)
  })
})
