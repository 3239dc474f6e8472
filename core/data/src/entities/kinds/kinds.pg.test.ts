import { operatorNames, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from '../../database/sql.ts'
import type { DatabaseTransaction } from '../../database/index.ts'
import { rowToJson, rowToRecord, type Column } from '../columns.ts'
import { conditionsOf } from '../conditions.ts'
import type { EntityWhere } from '../entity-transaction.ts'
import type { Related } from '../related.ts'
import type { ReleaseEntity } from '../release-entities.ts'
import { alice, company, department, photo, worksDatabase, type Works } from '../test-fixture.ts'
import { uuidV7 } from '../uuid.ts'

type Values = Record<string, Json>
let works: Works
let asset: ReleaseEntity
beforeAll(async () => {
  works = await worksDatabase()
  asset = works.release.entity('asset')
})
afterAll(() => works.close())

const run = <T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> => works.database.transaction({ tenantId: alice.tenantId, userId: alice.userId }, work)

async function insert(entity: ReleaseEntity, values: Values, more: Record<string, string> = {}): Promise<string> {
  const id = uuidV7()
  const writes = Object.entries(values).flatMap(([field, value]) => entity.columns.get(field)?.writes(value) ?? [])
  const given = [...writes.map(({ name, value, type }) => [sql.id(name), sql`${value}::${sql.raw(type)}`] as const), ...Object.entries(more).map(([name, value]) => [sql.id(name), sql.raw(value)] as const)]
  await run((transaction) => transaction.texts(sql`insert into ${entity.table} (id, tenant_id${sql.raw(given.length > 0 ? ', ' : '')}${sql.join(given.map(([name]) => name))})
    values (${id}::uuid, ${alice.tenantId}::uuid${sql.raw(given.length > 0 ? ', ' : '')}${sql.join(given.map(([, value]) => value))})`))
  return id
}

async function link(field: string, source: string, targets: string[]): Promise<void> {
  const table = asset.columns.get(field)?.linkTable ?? sql.raw('')
  await run((transaction) => transaction.texts(sql`insert into ${table} select ${alice.tenantId}::uuid, ${source}::uuid, target, place from unnest(${targets}::uuid[]) with ordinality as given (target, place)`))
}

async function read(id: string, columns: readonly Column[] = asset.list): Promise<Values> {
  const [row = []] = await run((transaction) => transaction.texts(sql`select ${sql.raw(columns.map(({ selection }) => selection).join(', '))} from ${asset.table} as record where id = ${id}::uuid`))
  const record = rowToRecord(columns, row)
  expect(JSON.parse(rowToJson(columns, row))).toEqual(record)
  return record
}

const everything: Values = {
  name: 'Pump "A"\n😀', remarks: 'tab\t\\', manual: '# Manual', parts: 4, weight: '12.50', price: { minor: -1250, currency: 'XAF' }, active: true, installedOn: '2024-02-29', checkedAt: '2026-03-01T09:30:00.5+01:00',
  nextCheck: '2026-07-01T10:00:00+02:00[Europe/Paris]', outage: { from: '2026-01-01T00:00:00Z', to: null }, downtime: 3600, risk: 'high', settings: { limit: 3 }, notes: { 'a"b': [1, null, 'é'] },
  owner: alice.userId, company, department, photo, place: { lat: -0.39, lng: 1e-7 }, pin: 'geheim',
}

describe('a value of every kind', () => {
  test('comes back as it was written, dates in UTC and zoned ones in their zone', async () => {
    const site = await insert(works.release.entity('site'), { name: 'One' })
    const permit = await insert(works.permits.entity('permit'), { title: 'Hot work' })
    const id = await insert(asset, { ...everything, site, permit }, { tag: "'AST-2026-0001'" })
    await link('sites', id, [site])
    await link('permits', id, [permit])
    expect(await read(id)).toMatchObject({
      ...everything, id, revision: 1, site, permit, parent: null, sites: [site], permits: [permit], tag: 'AST-2026-0001', state: 'planned', custom: {}, deletedAt: null, deletedBy: null, createdBy: null,
      checkedAt: '2026-03-01T08:30:00.500Z', nextCheck: '2026-07-01T10:00:00.000+02:00[Europe/Paris]', outage: { from: '2026-01-01T00:00:00.000Z', to: null }, total: '50.000000',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    })
    const [pin] = await run((transaction) => transaction.texts(sql`select pin from ${asset.table} where id = ${id}::uuid`))
    expect(pin?.[0]).not.toContain('geheim')
  })

  test('may be absent, and both halves of a value are', async () => {
    const id = await insert(asset, { ...Object.fromEntries(Object.keys(everything).map((field) => [field, null])), name: 'Bare', active: false })
    const record = await read(id)
    for (const field of Object.keys(everything)) if (field !== 'name' && field !== 'active') expect(record[field], field).toBeNull()
    expect([record['active'], record['sites'], record['permits'], record['total']]).toEqual([false, [], [], null])
    await expect(insert(asset, { name: 'Half' }, { price: '1' })).rejects.toThrow(/asset_price_pair_check/)
  })

  test('that PostgreSQL has and JSON has not is null, and the page is whole', async () => {
    const id = await insert(asset, { name: 'Odd' }, {
      installed_on: "'infinity'", checked_at: "'-infinity'", next_check: "'infinity'", next_check_zone: "'Mars/Olympus'", place_lat: "'NaN'", place_lng: "'Infinity'", outage: "'empty'", weight: "'NaN'",
    })
    const odd = await read(id)
    for (const field of ['installedOn', 'checkedAt', 'nextCheck', 'place', 'outage', 'weight', 'total']) expect(odd[field], field).toBeNull()
    const far = await insert(asset, { name: 'Far' }, {
      installed_on: "'0044-03-15 BC'", checked_at: "'12000-01-01 00:00:00Z'", next_check: "'2026-03-01 08:30:00.1239Z'", next_check_zone: "'Mars/Olympus \"Mons\"'", outage: "'(,2026-01-01)'", place_lat: '1e-300', place_lng: '-179.5',
    })
    expect(await read(far)).toMatchObject({ installedOn: null, checkedAt: null, nextCheck: '2026-03-01T08:30:00.123Z[Mars/Olympus "Mons"]', outage: null, place: { lat: 1e-300, lng: -179.5 } })
    expect(await find({ place: { near: { lat: 0, lng: 0, metres: 1_000 } } }, [id])).toEqual([])
  })
})

const related = (mayView = true): Related => ({
  resolve: (target) => (target === 'site' || target === 'asset' ? works.release.entity(target) : target === 'test-permits/permit' ? works.permits.entity('permit') : undefined),
  seen: (entity) => (mayView ? { entity, condition: sql`record.created_by is null` } : undefined),
  from: () => related(mayView),
})

async function find(where: EntityWhere, among: string[], entity = asset, paths: Related | undefined = related()): Promise<string[]> {
  const conditions = [sql`record.id = any(${among}::uuid[])`, ...conditionsOf(entity, where, paths)]
  const rows = await run((transaction) => transaction.texts(sql`select record.id from ${entity.table} as record where ${sql.join(conditions, ' and ')} order by record.id`))
  return rows.map(([id]) => id ?? '')
}

describe('a test of every operator', () => {
  let ids: { [name: string]: string } = {}
  let sites: { north: string; south: string; hidden: string; binned: string }
  beforeAll(async () => {
    const site = works.release.entity('site')
    const permit = works.permits.entity('permit')
    sites = {
      north: await insert(site, { name: 'North_1%' }), south: await insert(site, { name: 'South' }), hidden: await insert(site, { name: 'Hidden' }, { created_by: `'${alice.userId}'` }),
      binned: await insert(permit, { title: 'Old', level: 9 }, { deleted_at: 'now()' }),
    }
    const level = await insert(permit, { title: 'Height', level: 9 })
    ids = {
      a: await insert(asset, { name: 'Alpha', weight: '1.50', parts: 1, price: { minor: 100, currency: 'EUR' }, downtime: 60, risk: 'low', site: sites.north, permit: level, installedOn: '2026-01-01', checkedAt: '2026-01-01T00:00:00Z',
        nextCheck: '2026-01-01T01:00:00+01:00[Africa/Libreville]', outage: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }, place: { lat: 0.3924, lng: 9.4536 }, active: true, notes: { a: 1 } }, { tag: "'AST-1'" }),
      b: await insert(asset, { name: 'beta', weight: '10', parts: 9, price: { minor: 100, currency: 'XAF' }, downtime: 7200, risk: 'high', site: sites.hidden, permit: sites.binned, installedOn: '2026-06-01', checkedAt: '2026-06-01T00:00:00Z',
        outage: { from: '2026-02-01T00:00:00Z', to: null }, place: { lat: 0.39, lng: 9.4536 }, active: false }),
      c: await insert(asset, { name: 'Gamma', parts: null, active: true }),
    }
    await link('sites', ids['a'] ?? '', [sites.north, sites.south])
    await link('sites', ids['b'] ?? '', [sites.south])
    await run((transaction) => transaction.texts(sql`update ${asset.table} set parent = ${ids['a']}::uuid where id = ${ids['c']}::uuid`))
  })
  const found = async (where: EntityWhere): Promise<string> => {
    const rows = await find(where, Object.values(ids))
    return Object.keys(ids).filter((name) => rows.includes(ids[name] ?? '')).join('')
  }

  test.each<[EntityWhere, string]>([
    [{ parts: 1 }, 'a'], [{ parts: { ne: 1 } }, 'bc'], [{ parts: null }, 'c'], [{ parts: { null: false } }, 'ab'], [{ parts: { in: [1, 9] } }, 'ab'], [{ parts: { in: [] } }, ''], [{ parts: { nin: [9] } }, 'ac'], [{ parts: { nin: [] } }, 'abc'],
    [{ weight: { gt: '1.5' } }, 'b'], [{ weight: { gte: '1.5', lte: '10' } }, 'ab'], [{ weight: { lt: '9' } }, 'a'], [{ weight: { between: ['1.5', '1.5'] } }, 'a'], [{ downtime: { between: [60, 7200] } }, 'ab'], [{ name: { between: ['A', 'H'] } }, 'ac'],
    [{ name: { contains: 'AMM' } }, 'c'], [{ name: { startsWith: 'BE' } }, 'b'], [{ name: { startsWith: '%' } }, ''], [{ tag: { startsWith: 'ast' } }, 'a'], [{ tag: 'AST-1' }, 'a'],
    [{ risk: 'low' }, 'a'], [{ risk: { nin: ['low'] } }, 'bc'], [{ active: true }, 'ac'], [{ state: 'planned' }, 'abc'], [{ notes: { null: false } }, 'a'], [{ pin: { null: true } }, 'abc'], [{ total: { gt: '2' } }, 'b'],
    [{ price: 100 }, 'ab'], [{ price: { minor: 100, currency: 'XAF' } }, 'b'], [{ price: { eq: { minor: 100, currency: 'USD' } } }, ''], [{ price: { ne: { minor: 100, currency: 'EUR' } } }, 'bc'], [{ price: { gte: { minor: 1, currency: 'EUR' } } }, 'a'], [{ price: { gt: 99 } }, 'ab'],
    [{ price: { in: [{ minor: 100, currency: 'EUR' }, { minor: 5, currency: 'XAF' }] } }, 'a'], [{ price: { nin: [{ minor: 100, currency: 'EUR' }] } }, 'bc'], [{ price: { in: [100] } }, 'ab'], [{ 'price.currency': 'XAF' }, 'b'], [{ 'price.currency': { nin: ['XAF'] } }, 'ac'],
    [{ installedOn: { between: ['2026-01-01', '2026-05-31'] } }, 'a'], [{ checkedAt: { lt: '2026-06-01T01:00:00+01:00' } }, 'a'], [{ nextCheck: '2026-01-01T00:00:00Z' }, 'a'], [{ nextCheck: { gte: '2026-01-01T00:00:00+00:00[Europe/London]' } }, 'a'], [{ 'nextCheck.zone': 'Africa/Libreville' }, 'a'],
    [{ outage: { overlaps: { from: '2026-01-31T00:00:00Z', to: '2026-02-01T00:00:00Z' } } }, 'a'], [{ outage: { overlaps: { from: '2030-01-01T00:00:00Z', to: null } } }, 'b'], [{ outage: { from: '2026-02-01T00:00:00Z', to: null } }, 'b'], [{ 'outage.to': { null: true } }, 'bc'], [{ 'outage.from': { gte: '2026-02-01T00:00:00Z' } }, 'b'],
    [{ place: { near: { lat: 0.3924, lng: 9.4536, metres: 0 } } }, 'a'], [{ place: { near: { lat: 0.3924, lng: 9.4536, metres: 266 } } }, 'a'], [{ place: { near: { lat: 0.3924, lng: 9.4536, metres: 268 } } }, 'ab'], [{ place: { lat: 0.39, lng: 9.4536 } }, 'b'], [{ place: { near: { lat: 0, lng: -180, metres: 20_015_115 } } }, 'ab'],
    [{ place: null }, 'c'], [{ sites: null }, 'c'], [{ sites: { null: false } }, 'ab'],
  ])('%j answers %s', async (where, expected) => {
    expect(await found(where)).toBe(expected)
  })

  test('has finds the records that link all of them', async () => {
    expect([await found({ sites: { has: sites.south } }), await found({ sites: { has: [sites.south, sites.north.toUpperCase(), sites.north] } }), await found({ sites: { has: [] } }), await found({ sites: { has: [sites.hidden] } })]).toEqual(['ab', 'a', 'abc', ''])
  })

  test('over a path asks of what the user may see, in the bin nothing, and what is not seen has no value', async () => {
    const cases: [EntityWhere, string][] = [
      [{ 'site.name': 'North_1%' }, 'a'], [{ 'site.name': 'Hidden' }, ''], [{ 'site.name': { ne: 'North_1%' } }, 'bc'], [{ 'site.name': { contains: '_1%' } }, 'a'], [{ 'site.name': null }, 'bc'], [{ 'site.name': { null: false } }, 'a'], [{ 'site.name': { nin: ['South'] } }, 'abc'],
      [{ 'permit.level': 9 }, 'a'], [{ 'permit.level': '9' }, 'a'], [{ 'permit.level': { in: ['9', '10'] } }, 'a'], [{ 'permit.level': { between: [1, 9] } }, 'a'], [{ 'sites.name': 'South' }, 'ab'], [{ 'sites.name': { ne: 'North_1%' } }, 'bc'],
      [{ 'parent.site.name': { startsWith: 'north' } }, 'c'], [{ 'parent.price.currency': 'EUR' }, 'c'], [{ 'parent.sites.name': { ne: 'South' } }, 'ab'], [{ 'parent.name': { ne: null } }, 'c'],
    ]
    for (const [where, expected] of cases) expect(await found(where), JSON.stringify(where)).toBe(expected)
  })

  test('over a path is refused to who sees none, for more than two steps and for what is not there', () => {
    const codeOf = (where: EntityWhere, paths?: Related): unknown => {
      try {
        return conditionsOf(asset, where, paths)
      } catch (error) {
        return error
      }
    }
    expect(codeOf({ 'site.name': 'x' }, related(false))).toMatchObject({ code: 'forbidden' })
    for (const path of ['parent.parent.site.name', 'site.secret', 'site.name.length', 'owner.name', 'name.x', 'site.', '.site', 'price.euro', 'site.__proto__', 'parent.toString']) expect(codeOf({ [path]: 'x' }, related()), path).toMatchObject({ code: 'invalid-request' })
    expect(codeOf({ 'site.name': 'x' })).toMatchObject({ code: 'invalid-request' })
    expect(codeOf({ 'site.name': { like: 'x' } }, related())).toMatchObject({ code: 'invalid-request' })
  })

  test('with any operand is refused as a bad request or understood by PostgreSQL', async () => {
    const pool: Json[] = [null, true, 'true', 0, -0, 1.5, 2 ** 53 - 1, '', 'x', '%_\\', '\'', 'NaN', '1', '9'.repeat(400), '0001-01-01', '9999-12-31', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z', '2026-03-01T09:30:00+01:00[Africa/Libreville]', uuidV7(), [], ['a', 'b'], [1, 2],
      [uuidV7(), uuidV7()], ['0001-01-01', '9999-12-31'], [true, false], { minor: 1, currency: 'EUR' }, [{ minor: -1, currency: 'EUR' }, { minor: 2 ** 53 - 1, currency: 'XAF' }], { from: '0001-01-01T00:00:00Z', to: null }, { from: '9999-12-31T00:00:00Z', to: '9999-12-31T23:59:59.9999999Z' },
      { lat: 90, lng: 180 }, { lat: -90, lng: -180, metres: 20_015_115 }, { lat: 0, lng: 1e-300, metres: 5e-324 }, {}]
    const fields = [...asset.columns.values()].flatMap(({ field, parts }) => [field, ...[...parts?.keys() ?? []].map((part) => `${field}.${part}`)])
    const accepted = [...fields, 'site.name', 'parent.price', 'permits.level', 'parent.sites'].flatMap((field) => operatorNames.flatMap((operator) => pool.flatMap((operand) => {
      try {
        return conditionsOf(asset, { [field]: { [operator]: operand } }, related())
      } catch (error) {
        expect(error, JSON.stringify([field, operator, operand])).toMatchObject({ code: 'invalid-request' })
        return []
      }
    })))
    expect(accepted.length).toBeGreaterThan(1_000)
    await insert(asset, { name: 'Least', place: { lat: 5e-324, lng: -5e-324 } })
    await run(async (transaction) => {
      for (let at = 0; at < accepted.length; at += 100) await transaction.texts(sql`select ${sql.join(accepted.slice(at, at + 100))} from ${asset.table} as record`)
    })
  })
})
