import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice, carol } from '@opsflux/data/testing/works'
import { ParkedChanges } from './parked-changes.ts'
import { HookScene, other, works } from './test-scene.ts'

let scene: HookScene
let parked: ParkedChanges
beforeAll(async () => {
  scene = await HookScene.start()
  parked = new ParkedChanges(scene.database.database.admin)
})
afterAll(() => scene?.stop())
beforeEach(async () => { await scene.rows('delete from opsflux.outbox') })

const mine = { pluginId: works, tenantId: alice.tenantId }
const theirs = { pluginId: works, tenantId: carol.tenantId }
const at = (second: number): Date => new Date(Date.UTC(2026, 2, 1, 8, 0, second))

/** Microseconds after the second: what was read has fewer digits. */
async function park(of: { pluginId: string; tenantId: string }, second: number, problem: string | null = `${other}:afterChange.hours: The store says: no.`): Promise<void> {
  await scene.database.database.admin.query(
    `insert into opsflux.outbox (tenant_id, plugin_id, entity, record_id, action, revision, user_id, at, payload, attempts, problem, told_at, done, parked_at)
     values ($1, $2, 'workOrder', $3, 'update', 1, $3, now(), '{}', 5, $4, now(), '{}', $5::timestamptz + interval '123456 microseconds')`, [of.tenantId, of.pluginId, randomUUID(), problem, at(second)])
}

describe('changes that were given up', () => {
  test('are counted, and the latest twenty told with the hook, the reason and the time; none is nothing', async () => {
    expect(await parked.of(mine)).toBeUndefined()
    for (let second = 0; second < 21; second++) await park(mine, second)
    const { count, latest } = await parked.of(mine) ?? { count: 0, latest: [] }
    expect([count, latest.length]).toEqual([21, 20])
    expect(latest[0]).toEqual({ entity: 'workOrder', recordId: expect.any(String), action: 'update', plugin: other, problem: 'The store says: no.', since: '2026-03-01T08:00:20.123Z' })
    expect(latest.at(-1)?.since).toBe('2026-03-01T08:00:01.123Z')
  })

  test('whose reason names no hook are told with what there is', async () => {
    await park(mine, 0, 'no colon in it')
    await park(mine, 1, null)
    expect((await parked.of(mine))?.latest.map(({ plugin, problem }) => [plugin, problem])).toEqual([[undefined, ''], [undefined, 'no colon in it']])
  })

  test('are of one organisation and one module: others neither see nor move them', async () => {
    await park(theirs, 0)
    await park({ ...mine, pluginId: other }, 0)
    expect(await parked.of(mine)).toBeUndefined()
    expect([await parked.retry(mine, at(60)), await parked.forget(mine, at(60))]).toEqual([0, 0])
    expect(await parked.of(theirs)).toMatchObject({ count: 1 })
  })

  test('are forgotten up to the latest that was seen, and not those given up since', async () => {
    for (const second of [0, 1]) await park(mine, second)
    const seen = (await parked.of(mine))?.latest[0]?.since ?? ''
    await park(mine, 2)
    expect(await parked.forget(mine, new Date(seen))).toBe(2)
    expect(await parked.of(mine)).toMatchObject({ count: 1, latest: [{ since: '2026-03-01T08:00:02.123Z' }] })
  })

  test('still waiting for their hooks are not among them', async () => {
    await park(mine, 0)
    await scene.rows('update opsflux.outbox set parked_at = null')
    expect(await parked.of(mine)).toBeUndefined()
    expect([await parked.retry(mine, at(60)), await parked.forget(mine, at(60))]).toEqual([0, 0])
    expect(await scene.rows('select from opsflux.outbox')).toHaveLength(1)
  })
})

test('tried again, a change is given to the hook at once, with all its attempts, and hooks that have run are not run again', async () => {
  const failing = 'afterCreate: () => { throw new Error("not yet") }'
  const telling = (what: string): string => `afterCreate: ({ record }, { log }) => { log.info('${what} ' + record.title) }`
  const key = `${works}/workOrder`
  scene.serve(works, { hooks: { workOrder: ['afterCreate'] }, code: `{ workOrder: { ${telling('first')} } }` })
  scene.serve(other, { dependencies: { [works]: '^1.0.0' }, hooks: { [key]: ['afterCreate'] }, code: `{ '${key}': { ${failing} } }` })
  const outbox = scene.dispatch({ backOffMs: () => 0 })
  await scene.write((db) => db.create('workOrder', { title: 'one' }))
  await expect.poll(() => parked.of(mine), { timeout: 10_000 }).toMatchObject({ count: 1, latest: [{ entity: 'workOrder', action: 'create', plugin: other, problem: expect.stringContaining('not yet') }] })
  scene.serve(other, { dependencies: { [works]: '^1.0.0' }, hooks: { [key]: ['afterCreate'] }, code: `{ '${key}': { ${telling('second')} } }` })
  expect(await parked.retry(mine, new Date())).toBe(1)
  await expect.poll(() => scene.rows('select attempts, parked_at from opsflux.outbox'), { timeout: 10_000 }).toEqual([])
  expect(scene.logged.filter((line) => /^(first|second) /.test(line))).toEqual(['first one', 'second one'])
  await scene.end(outbox)
})
