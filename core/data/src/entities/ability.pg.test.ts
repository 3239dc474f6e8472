import fc from 'fast-check'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../database/sql.ts'
import { Ability, abilityOf } from './ability.ts'
import type { Actor, Place, Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { alice, bob, company as known, department as knownDepartment, manifest, worksDatabase, type Works } from './test-fixture.ts'
import { uuidV7 } from './uuid.ts'

const [north, south, hse, logistics] = [uuidV7(), uuidV7(), uuidV7(), uuidV7()]
let works: Works
let asset: ReleaseEntity
/** One for every combination of owner, company and department, none included. */
let assets: Row[]

beforeAll(async () => {
  works = await worksDatabase()
  asset = works.release.entity('asset')
  const { rows } = await works.database.admin.query<Row>(
    `insert into p_test_works.asset (tenant_id, tag, name, owner, company, department)
     select $1, owner::text || company || department, 'x', nullif(owner, '')::uuid, nullif(company, '')::uuid, nullif(department, '')::uuid
     from unnest($2::text[]) owner, unnest($3::text[]) company, unnest($4::text[]) department returning id, owner, company, department, created_by as "createdBy"`,
    [alice.tenantId, [alice.userId, bob.userId, ''], [north, south, ''], [hse, logistics, '']])
  assets = rows
})
afterAll(() => works.close())

const here = (...rights: string[]): string[] => rights.map((right) => `${manifest.id}.${right}`)
const actorWith = (permissions: string[], ...places: Place[]): Actor => ({ ...alice, permissions, places })
const at = (companyId: string, permissions: string[], ...departmentIds: string[]): Place => ({ companyId, departmentIds, permissions })
const byJavaScript = (ability: Ability, action: string): Row[] => assets.filter((row) => ability.mayWith(action, asset, row))

async function bySql(ability: Ability, actor: Actor, action: string): Promise<string[]> {
  if (!ability.may(action, asset)) return []
  const condition = ability.condition(action, asset)
  return (await works.database.transaction(actor, (transaction) => transaction.texts(sql`select record.id from ${asset.table} as record where ${condition}`))).map(([id]) => id ?? '')
}

function thrown(work: () => unknown): OpsFluxError | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof OpsFluxError) return error
    throw error
  }
}

const permission = fc.constantFrom(...['all', 'company', 'department', 'own'].flatMap((scope) => here(`view.${scope}`, `edit.${scope}`)), 'other-works.view.all', `${manifest.id}.view`, `${manifest.id}.*.all`, `${manifest.id}.view.all.x`)
const place = fc.record({
  companyId: fc.constantFrom(north, south), departmentIds: fc.subarray([hse, logistics]),
  permissions: fc.oneof({ weight: 9, arbitrary: fc.uniqueArray(permission, { maxLength: 3 }) }, { weight: 1, arbitrary: fc.constant(['*']) }),
})

describe('an ability (CORE-02.9 to CORE-02.11)', () => {
  test('lets the same rows through in SQL as in JavaScript, whatever is granted and whatever is null', async () => {
    await fc.assert(fc.asyncProperty(fc.uniqueArray(permission, { maxLength: 3 }), fc.array(place, { maxLength: 3 }), async (permissions, places) => {
      const actor = actorWith(permissions, ...places)
      const ability = new Ability(manifest.id, actor)
      const rows = byJavaScript(ability, 'view').map((row) => String(row['id']))
      expect((await bySql(ability, actor, 'view')).toSorted()).toEqual(rows.toSorted())
    }), { numRuns: 150 })
  })

  test.each<[string, Actor, (row: Row) => boolean]>([
    ['all', actorWith(here('view.all')), () => true],
    ['everything', actorWith(['*']), () => true],
    ['own', actorWith(here('view.own')), (row) => row['owner'] === alice.userId],
    ['company without a place', actorWith(here('view.company', 'view.department')), () => false],
    ['company, of the places', actorWith(here('view.company'), at(north, [])), (row) => row['company'] === north],
    ['department, of the places', actorWith(here('view.department'), at(north, [], hse)), (row) => row['department'] === hse],
    ['all, held at a company', actorWith([], at(north, here('view.all'))), (row) => row['company'] === north],
    ['everything, held at a company', actorWith([], at(north, ['*'])), (row) => row['company'] === north],
    ['department, held at a company alone', actorWith([], at(north, here('view.department'))), () => false],
    ['different roles in each company (CORE-02.3)', actorWith([], at(north, here('view.company')), at(south, here('view.department'), logistics)), (row) => row['company'] === north || row['department'] === logistics],
    ['own, held at a company', actorWith([], at(north, here('view.own'))), (row) => row['owner'] === alice.userId],
    ['another action', actorWith(here('manage.all', 'edit.all')), () => false],
    ['another plugin', actorWith(['other.view.all', 'test.view.all', 'test-works-2.view.all']), () => false],
  ])('reaches by scope: %s', async (_, actor, expected) => {
    const ability = new Ability(manifest.id, actor)
    const rows = assets.filter(expected).map((row) => String(row['id'])).toSorted()
    expect(byJavaScript(ability, 'view').map((row) => String(row['id'])).toSorted()).toEqual(rows)
    expect((await bySql(ability, actor, 'view')).toSorted()).toEqual(rows)
    if (rows.length === 0) expect(thrown(() => ability.condition('view', asset))?.code).toBe('forbidden')
  })

  test('is made once for an actor, and anew for another', () => {
    expect(abilityOf(manifest.id, alice)).toBe(abilityOf(manifest.id, alice))
    expect(abilityOf(manifest.id, { ...alice })).not.toBe(abilityOf(manifest.id, alice))
    expect(abilityOf('other-works', alice)).not.toBe(abilityOf(manifest.id, alice))
    const ability = abilityOf(manifest.id, alice)
    expect(ability.condition('view', asset)).toBe(ability.condition('view', asset))
  })

  test('without a field for a scope grants nothing by it, and `own` goes by who created', () => {
    const site = works.release.entity('site')
    const ability = new Ability(manifest.id, actorWith(here('view.company', 'edit.own', 'delete.department'), at(north, here('approve.all', 'export.company'), hse)))
    for (const action of ['view', 'delete', 'approve', 'export']) expect(ability.may(action, site), action).toBe(false)
    expect([ability.mayWith('edit', site, { createdBy: alice.userId }), ability.mayWith('edit', site, { createdBy: bob.userId }), ability.mayWith('edit', site, { createdBy: null })]).toEqual([true, false, false])
    expect(ability.may('view')).toBe(true)
  })
})

describe('creating', () => {
  const create = (actor: Actor, values: Row) => thrown(() => new Ability(manifest.id, actor).requireCreate(asset, values))

  test('where a role is held at a place takes a record of that place, and says so (CORE-02.3)', () => {
    const actor = actorWith([], at(north, here('create.company')), at(south, here('create.department'), logistics))
    for (const values of [{ company: north }, { company: north.toUpperCase(), department: hse }, { department: logistics }, { company: south, department: logistics }]) expect(create(actor, values)).toBeUndefined()
    for (const values of [{}, { company: south }, { company: null, department: hse }, { owner: alice.userId }, { company: [north] as Json }]) {
      expect(create(actor, values)).toMatchObject({ code: 'forbidden', message: expect.stringMatching(/company and department/), data: { errors: expect.arrayContaining([expect.objectContaining({ path: '/company', code: 'scope' })]) } })
    }
  })

  test('own records only takes one of the user', () => {
    const actor = actorWith(here('create.own'))
    expect(create(actor, { owner: alice.userId.toUpperCase() })).toBeUndefined()
    for (const values of [{}, { owner: bob.userId }, { createdBy: alice.userId }]) expect(create(actor, values)?.code).toBe('forbidden')
    expect(thrown(() => new Ability(manifest.id, actor).requireCreate(works.release.entity('site'), { createdBy: bob.userId }))).toBeUndefined()
  })

  test('without the permission is refused as such', () => {
    for (const actor of [actorWith([]), actorWith(here('manage.all', 'edit.all')), actorWith([], at(north, here('edit.all')))]) expect(create(actor, { company: north })).toMatchObject({ code: 'forbidden', message: expect.stringMatching(/test-works\.create/) })
  })

  test('through the engine is held to the same', async () => {
    const run = (actor: Actor, values: Row) => works.engine.run(works.release, actor, undefined, (db) => db.create('asset', { name: 'x', ...values }))
    const actor = actorWith(here('view.all'), at(known, here('create.company')))
    expect(await run(actor, { company: known })).toMatchObject({ company: known })
    await expect(run(actor, {})).rejects.toMatchObject({ code: 'forbidden' })
    await expect(run(actorWith(here('view.all'), at(north, here('create.company'))), { company: known })).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('a record is moved', () => {
  const move = (actor: Actor, before: Row, changes: Row) => thrown(() => new Ability(manifest.id, actor).requireMove(asset, before, changes))
  const before = { owner: bob.userId, company: north, department: hse, createdBy: bob.userId }

  test('to no company or department where the user may not edit', () => {
    const actor = actorWith([], at(north, here('edit.company')))
    for (const changes of [{ company: south }, { company: null }]) expect(move(actor, before, changes)).toMatchObject({ code: 'forbidden', data: { errors: expect.arrayContaining([expect.objectContaining({ path: '/company' })]) } })
    for (const changes of [{}, { name: 'y' }, { company: north.toUpperCase() }, { department: logistics }]) expect(move(actor, before, changes)).toBeUndefined()
    expect(move(actorWith([], at(north, here('edit.company')), at(south, here('edit.all'))), before, { company: south })).toBeUndefined()
    expect(move(actorWith(here('edit.all')), before, { company: null })).toBeUndefined()
  })

  test('to another owner by who owned it', () => {
    expect(move(actorWith(here('edit.own')), { ...before, owner: alice.userId }, { owner: bob.userId })).toBeUndefined()
  })

  test('through the engine is held to the same', async () => {
    const update = (actor: Actor, id: string, changes: Row) => works.engine.run(works.release, actor, undefined, (db) => db.update('asset', id, changes))
    const made = await works.engine.run(works.release, alice, undefined, (db) => db.create('asset', { name: 'x', company: known, department: knownDepartment }))
    const actor = actorWith(here('view.all'), at(known, here('edit.company')))
    await expect(update(actor, String(made['id']), { company: null })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await update(actor, String(made['id']), { name: 'y' })).toMatchObject({ name: 'y', company: known })
  })
})

describe('a field with an action of its own', () => {
  const fields = (actor: Actor) => new Ability(manifest.id, actor).readable(asset)

  test('is seen by who may do that with every record he may view', () => {
    for (const actor of [actorWith(['*']), actorWith(here('view.all', 'manage.all')), actorWith(here('view.own', 'manage.own')), actorWith([], at(north, here('view.company', 'manage.all')))]) expect(fields(actor).has('pin')).toBe(true)
    const refused = [actorWith(here('view.all')), actorWith(here('view.all', 'manage.own')), actorWith(here('view.all'), at(north, here('manage.all'))), actorWith([], at(north, here('view.company', 'manage.company')), at(south, here('view.company')))]
    for (const actor of refused) expect(fields(actor).has('pin')).toBe(false)
    expect(fields(actorWith(here('view.all')))).toEqual(new Set([...asset.columns.keys()].filter((field) => field !== 'pin')))
  })

  test('is left out of what others read', async () => {
    const read = async (actor: Actor) => (await works.engine.run(works.release, actor, undefined, (db) => db.list('asset', { limit: 1 }))).data[0]
    expect(Object.keys((await read(actorWith(here('view.all')))) ?? {})).not.toContain('pin')
    expect(Object.keys((await read(actorWith(here('view.all', 'manage.all')))) ?? {})).toContain('pin')
  })

  test('is written by the same rule, and what the host writes by nobody', () => {
    const entity = { ...asset, columns: new Map([...asset.columns].map(([name, column]) => [name, name === 'risk' ? { ...column, declaration: { kind: 'enum' as const, write: 'approve' as const } } : column])) }
    const writable = (actor: Actor, action?: 'create' | 'edit') => new Ability(manifest.id, actor).writable(entity, action)
    expect(writable(actorWith(here('edit.all'))).has('risk')).toBe(false)
    expect(writable(actorWith(here('edit.own', 'approve.all'))).has('risk')).toBe(true)
    expect(writable(actorWith(here('edit.own', 'create.all', 'approve.own')), 'create').has('risk')).toBe(false)
    for (const field of ['id', 'revision', 'createdBy', 'state', 'tag', 'total']) expect(writable(actorWith(['*'])).has(field), field).toBe(false)
  })
})
