import { customFieldKinds, type CustomField, type Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { customExpression } from './custom-columns.ts'
import { assetsDatabase, alice, carol, fieldOfKind, type Assets } from './custom-fixture.ts'
import { liveValues } from './custom-values.ts'
import type { EntityQuery, EntityTransaction, Row } from './entity-transaction.ts'

let assets: Assets
beforeAll(async () => { assets = await assetsDatabase() })
afterAll(() => assets.close())

const run = <T>(work: (transaction: EntityTransaction) => Promise<T>, actor = alice): Promise<T> => assets.engine.run(assets.release, actor, undefined, work)
const create = (input: Row, actor = alice): Promise<Row> => run((transaction) => transaction.create('asset', input), actor)
const titles = async (query: EntityQuery): Promise<Json[]> => (await run((transaction) => transaction.list('asset', query))).data.map((row) => row['title'] ?? null)
const wrong = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'accepted', (error: { code?: string; data?: { errors?: { path: string; code: string }[] } }) => error.data?.errors?.map(({ path, code }) => `${path} ${code}`) ?? error.code)

describe('values of custom fields', () => {
  const every = customFieldKinds.map((kind) => fieldOfKind(kind, kind === 'enum' ? { values: ['red', 'blue'] } : kind === 'decimal' ? { precision: 6, scale: 2 } : kind === 'integer' ? { min: 0 } : {}))
  const full = {
    stringValue: 'B-12', textValue: 'several\nlines', integerValue: 12, decimalValue: '12.5', booleanValue: false, dateValue: '2026-03-01', datetimeValue: '2026-03-01T09:30:00+01:00', choice: 'red',
    userValue: alice.userId.toUpperCase(),
  }
  beforeAll(() => assets.fields.set(alice.tenantId, every))

  test('are of their kinds, in one form each, and null where there is none', async () => {
    const record = await create({ title: 'full', custom: full })
    expect(record['custom']).toEqual({ ...full, decimalValue: '12.50', datetimeValue: '2026-03-01T08:30:00.000Z', userValue: alice.userId })
    const empty = await create({ title: 'none' })
    expect(empty['custom']).toEqual(Object.fromEntries(every.map(({ name }) => [name, null])))
    expect(await run((transaction) => transaction.findOne('asset', String(record['id'])))).toMatchObject({ custom: record['custom'] as object })
  })

  test('are there to filter, sort, page and group by', async () => {
    for (const [index, color] of ['red', 'blue', null].entries()) await create({ title: `paint ${index}`, custom: { stringValue: `p${index}`, integerValue: 10 - index, choice: color, dateValue: `2025-01-0${index + 1}` } })
    const of = (where: Row): Promise<Json[]> => titles({ where: { title: { startsWith: 'paint' }, ...where }, sort: 'title' })
    expect(await of({ 'custom.stringValue': 'p1' })).toEqual(['paint 1'])
    expect(await of({ 'custom.integerValue': { gte: 9 } })).toEqual(['paint 0', 'paint 1'])
    expect(await of({ 'custom.integerValue': { between: [8, 9] } })).toEqual(['paint 1', 'paint 2'])
    expect(await of({ 'custom.stringValue': { in: ['p0', 'p2'] } })).toEqual(['paint 0', 'paint 2'])
    expect(await of({ 'custom.dateValue': { lt: '2025-01-02' } })).toEqual(['paint 0'])
    expect(await of({ 'custom.stringValue': { contains: 'P' } })).toHaveLength(3)
    expect(await of({ 'custom.choice': { null: true } })).toEqual(['paint 2'])
    expect(await of({ 'custom.choice': { ne: 'red' } })).toEqual(['paint 1', 'paint 2'])
    const paged: Json[] = []
    for (let after: string | undefined; paged.length < 3;) {
      const page = await run((transaction) => transaction.list('asset', { where: { title: { startsWith: 'paint' } }, sort: '-custom.choice', limit: 1, ...(after === undefined ? {} : { after }) }))
      paged.push(...page.data.map((row) => row['title'] ?? null))
      after = page.next ?? undefined
    }
    expect(paged).toEqual(['paint 2', 'paint 0', 'paint 1'])
    const groups = await run((transaction) => transaction.aggregate('asset', { where: { title: { startsWith: 'paint' } }, groupBy: ['custom.choice'], sum: ['custom.integerValue'] }))
    expect(groups.map(({ group, sum }) => [group['custom.choice'], sum['custom.integerValue']])).toEqual([['blue', '9'], ['red', '10'], [null, '8']])
    expect(await wrong(of({ 'custom.integerValue': 'many' }))).toBe('invalid-request')
    expect(await wrong(of({ 'custom.gone': 'x' }))).toBe('invalid-request')
  })

  test('are refused by their place when they are wrong', async () => {
    const refused = (custom: Json): Promise<unknown> => wrong(create({ title: 'x', custom }))
    expect(await refused({ other: 1 })).toEqual(['/custom/other unknown'])
    expect(await refused({ integerValue: -1, stringValue: 5, choice: 'green' })).toEqual(['/custom/stringValue type', '/custom/integerValue too-small', '/custom/choice enum'])
    expect(await refused({ dateValue: '2026-02-30', decimalValue: '12.555' })).toEqual(['/custom/decimalValue pattern', '/custom/dateValue format'])
    expect(await refused({ userValue: carol.userId })).toEqual(['/custom/userValue reference'])
    for (const odd of [[], 'text', 5]) expect(await refused(odd)).toEqual(['/custom type'])
    expect(await refused(null)).toEqual(['/custom required'])
    expect(await refused(JSON.parse('{"__proto__": 1}') as Json)).toEqual(['/custom/__proto__ unknown'])
    expect(await wrong(create({ custom: { other: 1 } }))).toEqual(['/title required', '/custom/other unknown'])
  })

  test('that are named in a change are changed, the others stay, null takes one away', async () => {
    const { id } = await create({ title: 'merged', custom: full })
    const changed = await run((transaction) => transaction.update('asset', String(id), { custom: { stringValue: 'B-13', booleanValue: null } }))
    expect(changed['custom']).toMatchObject({ stringValue: 'B-13', booleanValue: null, integerValue: 12 })
    const { data: [entry] } = await run((transaction) => transaction.history('asset', String(id)))
    expect(entry?.changes).toEqual({ custom: { from: expect.objectContaining({ stringValue: 'B-12', booleanValue: false }) as Json, to: expect.objectContaining({ stringValue: 'B-13', booleanValue: null }) as Json } })
    expect(await wrong(run((transaction) => transaction.update('asset', String(id), { custom: { nowhere: 1 } })))).toEqual(['/custom/nowhere unknown'])
  })
})

test('a required field must be given to new records, may stay away in old ones, and is never taken away', async () => {
  const old = await create({ title: 'old' }, carol)
  assets.fields.set(carol.tenantId, [fieldOfKind('string', { required: true }), fieldOfKind('integer')])
  const update = (custom: Row): Promise<Row> => run((transaction) => transaction.update('asset', String(old['id']), { title: 'older', ...(Object.keys(custom).length === 0 ? {} : { custom }) }), carol)
  expect(await wrong(create({ title: 'new' }, carol))).toEqual(['/custom/stringValue required'])
  expect((await update({}))['custom']).toEqual({ stringValue: null, integerValue: null })
  expect((await update({ integerValue: 1 }))['custom']).toEqual({ stringValue: null, integerValue: 1 })
  expect(await wrong(update({ stringValue: null }))).toEqual(['/custom/stringValue required'])
  expect((await run((transaction) => transaction.list('asset', { sort: 'custom.stringValue' }), carol)).data).toHaveLength(1)
})

test('values of deleted fields are kept and not shown; another tenant has fields of its own', async () => {
  const [kept, hidden] = [fieldOfKind('string'), fieldOfKind('integer')]
  assets.fields.set(alice.tenantId, [kept, hidden])
  const { id } = await create({ title: 'two', custom: { stringValue: 'a', integerValue: 1 } })
  assets.fields.set(alice.tenantId, [kept])
  const update = (custom: Row): Promise<Row> => run((transaction) => transaction.update('asset', String(id), { custom }))
  expect((await update({ stringValue: 'b' }))['custom']).toEqual({ stringValue: 'b' })
  expect(await wrong(update({ integerValue: 2 }))).toEqual(['/custom/integerValue unknown'])
  expect(await wrong(titles({ sort: 'custom.integerValue' }))).toBe('invalid-request')
  assets.fields.set(alice.tenantId, [kept, hidden])
  expect((await run((transaction) => transaction.findOne('asset', String(id))))?.['custom']).toEqual({ stringValue: 'b', integerValue: 1 })
  assets.fields.set(carol.tenantId, [fieldOfKind('boolean')])
  expect((await create({ title: 'of another' }, carol))['custom']).toEqual({ booleanValue: null })
})

test('whatever a column holds is a value of the kind or none, for records as for queries, and never an error', async () => {
  const odd: Json[] = [
    null, true, 'true', '', 'text', 0, 12, -1.5, 1e300, Number.MAX_SAFE_INTEGER, 2 ** 53, '12', '12.50', 'NaN', '1e5', '9'.repeat(41), '2026-02-29', '2024-02-29', '0000-01-01', '9999-12-31', '2026-13-01',
    '2026-03-01T08:30:00.000Z', '2026-02-30T08:30:00.000Z', '2026-03-01T24:00:00.000Z', '2026-03-01T08:30:00Z', 'infinity', alice.userId, `${alice.userId}0`, [], {}, [1], { stringValue: 'x' },
  ]
  for (const kind of customFieldKinds) {
    const field: CustomField = { ...fieldOfKind(kind), name: 'value' }
    const { rows } = await assets.database.admin.query<{ found: boolean }>(`select ${customExpression(field)} is not null as found from unnest($1::jsonb[]) with ordinality as record (custom, position) order by position`, [odd.map((value) => JSON.stringify({ value }))])
    expect(rows.map(({ found }, index) => `${JSON.stringify(odd[index])} ${found}`), kind).toEqual(odd.map((value) => `${JSON.stringify(value)} ${liveValues([field], JSON.stringify({ value }))['value'] !== null}`))
  }
  const { rows: [none] } = await assets.database.admin.query(customFieldKinds.map((kind) => customExpression({ name: 'value', kind })).reduce((list, one, index) => `${list}${index ? ', ' : 'select '}${one} as v${index}`, '') + " from (values (null::jsonb)) as record (custom)")
  expect(Object.values(none as object).every((value) => value === null)).toBe(true)
})
