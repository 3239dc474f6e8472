import { OpsFluxError, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../database/sql.ts'
import { Ability } from './ability.ts'
import type { Actor, EntityTransaction, Row } from './entity-transaction.ts'
import { alice, bob, carol, manifest, withPermissions, worksDatabase, type Works } from './test-fixture.ts'
import { uuidV7 } from './uuid.ts'

let works: Works
let ofAlice: Row
let ofBob: Row
let ofCarol: Row
let ofNobody: Row
beforeAll(async () => {
  works = await worksDatabase()
  ofAlice = await as(alice, (db) => db.create('workOrder', { title: 'of Alice' }))
  ofBob = await as(bob, (db) => db.create('workOrder', { title: 'of Bob' }))
  ofNobody = { ...(await as(alice, (db) => db.create('workOrder', { title: 'of nobody' }))), createdBy: null }
  await works.database.admin.query("update p_test_works.work_order set created_by = null where title = 'of nobody'")
  ofCarol = await as(carol, (db) => db.create('workOrder', { title: 'of Carol' }))
})
afterAll(() => works.close())

function as<T>(actor: Actor, work: (db: EntityTransaction) => Promise<T>): Promise<T> {
  return works.engine.run(works.release, actor, undefined, work)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(() => 'done', (reason: unknown) => reason)
  if (error === 'done') return 'done'
  if (!(error instanceof OpsFluxError)) throw error
  return error.code
}
type Work = (db: EntityTransaction) => Promise<unknown>
const id = (row: Row): string => String(row['id'])

describe('rights on records (CORE-02.9 to CORE-02.11)', () => {
  test.each(['all', 'own', 'company', 'department', 'none', 'other.view.all', '*'])('allow in JavaScript the rows that SQL answers: %s', async (scope) => {
    const permissions = scope === '*' ? ['*'] : scope.includes('.') ? [scope] : [`${manifest.id}.view.${scope}`, `${manifest.id}.edit.all`]
    const actor = { ...alice, permissions }
    const ability = new Ability(manifest.id, actor)
    const entity = works.release.entity('workOrder')
    const byJavaScript = [ofAlice, ofBob, ofNobody].filter((row) => ability.mayWith('view', entity, row)).map(id)
    const bySql = ability.may('view', entity) ? (await as(actor, (db) => db.list('workOrder', { sort: 'id' }))).data.map(id) : []
    expect(bySql).toEqual(byJavaScript)
    expect(byJavaScript).toEqual(scope === 'all' || scope === '*' ? [id(ofAlice), id(ofBob), id(ofNobody)] : scope === 'own' ? [id(ofAlice)] : [])
  })

  test('refuse the collection without a right to view, and hide records out of scope', async () => {
    const none = withPermissions(alice, 'edit.all', 'create.all', 'view.company')
    const reads: Work[] = [(db) => db.list('workOrder'), (db) => db.count('workOrder'), (db) => db.aggregate('workOrder', {}), (db) => db.findOne('workOrder', id(ofAlice)), (db) => db.update('workOrder', id(ofAlice), {})]
    for (const read of reads) expect(await codeOf(as(none, read))).toBe('forbidden')
    const own = withPermissions(alice, 'view.own', 'edit.all', 'delete.all')
    expect(await as(own, (db) => db.findOne('workOrder', id(ofBob)))).toBeUndefined()
    expect(await as(own, (db) => db.count('workOrder'))).toBe(1)
    expect(await as(own, (db) => db.aggregate('workOrder', { groupBy: ['createdBy'] }))).toHaveLength(1)
    expect(await codeOf(as(own, (db) => db.update('workOrder', id(ofBob), { title: 'x' })))).toBe('not-found')
    expect(await codeOf(as(own, (db) => db.remove('workOrder', id(ofBob))))).toBe('not-found')
    expect(await codeOf(as(own, (db) => db.transition('workOrder', id(ofBob), 'open')))).toBe('not-found')
  })

  test('are asked for each action, and each transition by its own', async () => {
    const cases: [string[], Work, string][] = [
      [['view.all'], (db) => db.create('workOrder', { title: 'x' }), 'forbidden'],
      [['create.own'], (db) => db.create('workOrder', { title: 'x' }), 'done'],
      [['view.all', 'manage.all', 'create.all', 'delete.all'], (db) => db.update('workOrder', id(ofAlice), { hours: 1 }), 'forbidden'],
      [['view.all', 'edit.own'], (db) => db.update('workOrder', id(ofBob), { hours: 1 }), 'forbidden'],
      [['view.all', 'edit.own'], (db) => db.update('workOrder', id(ofAlice), { hours: 1 }), 'done'],
      [['view.all', 'edit.own'], (db) => db.transition('workOrder', id(ofBob), 'open'), 'forbidden'],
      [['view.all', 'edit.all'], (db) => db.transition('workOrder', id(ofBob), 'open'), 'done'],
      [['view.all', 'edit.all'], (db) => db.transition('workOrder', id(ofBob), 'close'), 'forbidden'],
      [['view.all', 'approve.all'], (db) => db.transition('workOrder', id(ofBob), 'close'), 'done'],
      [['view.all', 'edit.all', 'delete.department'], (db) => db.remove('workOrder', id(ofBob)), 'forbidden'],
      [['view.all', 'delete.own'], (db) => db.remove('workOrder', id(ofBob)), 'forbidden'],
    ]
    for (const [permissions, work, code] of cases) expect(await codeOf(as(withPermissions(alice, ...permissions), work)), permissions.join()).toBe(code)
    expect(await codeOf(as({ ...alice, permissions: ['test-works.*.all', '*.view.all', 'test-works.view', 'test-works.view.all.more', ''] }, (db) => db.list('workOrder')))).toBe('forbidden')
  })
})

describe('tenants', () => {
  test('see nothing of each other through any call', async () => {
    expect((await as(carol, (db) => db.list('workOrder'))).data.map(id)).toEqual([id(ofCarol)])
    expect(await as(carol, (db) => db.findOne('workOrder', id(ofAlice)))).toBeUndefined()
    expect(await as(carol, (db) => db.count('workOrder', { title: 'of Alice' }))).toBe(0)
    const writes: Work[] = [(db) => db.update('workOrder', id(ofAlice), { title: 'x' }), (db) => db.remove('workOrder', id(ofAlice)), (db) => db.transition('workOrder', id(ofAlice), 'open')]
    for (const write of writes) expect(await codeOf(as(carol, write))).toBe('not-found')
  })

  test('may use the same unique value', async () => {
    for (const actor of [alice, carol]) await as(actor, (db) => db.create('workOrder', { title: 'x', code: 'SAME-1' }))
    expect(await codeOf(as(alice, (db) => db.create('workOrder', { title: 'x', code: 'SAME-1' })))).toBe('conflict')
  })

  test('cannot refer to records or users of another', async () => {
    const site = await as(carol, (db) => db.create('site', { name: 'of Carol' }))
    for (const values of [{ site: id(site) }, { site: uuidV7() }, { assignee: carol.userId }, { assignee: uuidV7() }, { site: id(site), assignee: carol.userId }] as Record<string, Json>[]) {
      const expected = { code: 'validation-failed', data: { errors: Object.keys(values).map((name) => expect.objectContaining({ path: `/${name}`, code: 'reference' }) as object) } }
      await expect(as(alice, (db) => db.create('workOrder', { title: 'x', ...values }))).rejects.toMatchObject(expected)
      await expect(as(alice, (db) => db.update('workOrder', id(ofAlice), values))).rejects.toMatchObject(expected)
    }
    expect(await codeOf(as(alice, (db) => db.create('workOrder', { title: 'x', assignee: bob.userId.toUpperCase() })))).toBe('done')
  })

  test('are kept apart by the database when a statement forgets to ask', async () => {
    const use = (text: ReturnType<typeof sql>) => as(carol, (db) => db.use((transaction) => transaction.texts(text)))
    expect(await use(sql`select count(*) from p_test_works.work_order where tenant_id <> ${carol.tenantId}::uuid`)).toEqual([['0']])
    const planted = sql`insert into p_test_works.site (tenant_id, name, created_by, updated_by) values (${alice.tenantId}::uuid, 'planted', ${carol.userId}::uuid, ${carol.userId}::uuid)`
    await expect(use(planted)).rejects.toThrow(/row-level security/)
    await expect(use(sql`update p_test_works.work_order set tenant_id = ${alice.tenantId}::uuid`)).rejects.toThrow(/row-level security/)
    await expect(works.database.app.query('select * from p_test_works.work_order')).rejects.toThrow()
  })
})
