import type { Json } from '@opsflux/sdk'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorNames, OpsFluxError } from '@opsflux/sdk'
import { handleEntityRequest } from './entity-request.ts'
import type { EntityQuery, EntityTransaction, Row } from './entity-transaction.ts'
import { alice, carol, withPermissions, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
const rowCount = 10_000
beforeAll(async () => {
  works = await worksDatabase()
  // As migrations may leave rows: many equal values, absent ones, instants to the microsecond.
  await works.database.admin.query(`insert into p_test_works.work_order
    (id, tenant_id, created_by, updated_by, created_at, title, notes, hours, cost, urgent, due_date, starts_at, severity, state)
    select gen_random_uuid(), $1, case when n % 10 = 0 then null else $2::uuid end, $2, timestamptz '2026-01-01' + (n / 3) * interval '1 microsecond',
      'order ' || n % 50, case when n % 4 > 0 then repeat(chr(97 + n % 5), n % 200) end, case when n % 7 > 0 then n % 13 end, case when n % 5 > 0 then (n % 100) / 8.0 end, n % 2 = 0,
      case when n % 3 > 0 then date '2026-01-01' + n % 9 end, case when n % 11 > 0 then timestamptz '2026-01-01' + n % 40 * interval '1 microsecond' end,
      case when n % 6 > 0 then (array['low', 'high', 'critical'])[n % 3 + 1] end, case when n % 2 = 0 then 'draft' else 'open' end
    from generate_series(1, ${rowCount}) n`, [alice.tenantId, alice.userId])
}, 60_000)
afterAll(() => works.close())

function run<T>(work: (db: EntityTransaction) => Promise<T>): Promise<T> {
  return works.engine.run(works.release, alice, undefined, work)
}

async function everyPage(db: EntityTransaction, query: EntityQuery): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: string | undefined; ;) {
    const page = await db.list('workOrder', { ...query, ...(after === undefined ? {} : { after }) })
    rows.push(...page.data)
    if (page.next === null) return rows
    after = page.next
  }
}

describe('a list', () => {
  test('of 10,000 records is paged through, each record once', async () => {
    const rows = await run((db) => everyPage(db, { sort: '-startsAt', limit: 200 }))
    expect(rows).toHaveLength(rowCount)
    expect(new Set(rows.map((row) => row['id'])).size).toBe(rowCount)
    const instants = rows.map((row) => row['startsAt'])
    expect(instants.lastIndexOf(null)).toBe(Math.floor(rowCount / 11) - 1)
  }, 60_000)

  test('is paged through once whatever its sort', async () => {
    const fields = ['title', 'notes', 'hours', 'cost', 'urgent', 'dueDate', 'startsAt', 'severity', 'state', 'createdAt', 'createdBy', 'revision', 'id', 'site']
    const sort = fc.uniqueArray(fc.constantFrom(...fields), { minLength: 1, maxLength: 4 }).chain((names) => fc.tuple(...names.map((name) => fc.constantFrom(name, `-${name}`))))
    await fc.assert(fc.asyncProperty(sort, fc.integer({ min: 17, max: 90 }), async (keys, limit) => {
      const where = { title: 'order 7', urgent: false }
      const [rows, total] = await run(async (db) => [await everyPage(db, { where, sort: keys, limit }), await db.count('workOrder', where)] as const)
      expect(rows).toHaveLength(total)
      expect(new Set(rows.map((row) => row['id'])).size).toBe(total)
    }), { numRuns: 20 })
  }, 60_000)

  test('keeps its place while records are added and removed', async () => {
    const sort = ['hours', 'id']
    const where = { severity: 'critical' }
    await run(async (db) => {
      const before = await everyPage(db, { where, sort, limit: 200 })
      const first = await db.list('workOrder', { where, sort, limit: 100 })
      await db.remove('workOrder', String(first.data[99]?.['id']))
      await db.create('workOrder', { title: 'added', severity: 'critical', hours: 0 })
      const rest = await everyPage(db, { where, sort, limit: 200, ...(first.next === null ? {} : { after: first.next }) })
      const seen = new Set([...first.data, ...rest].map((row) => row['id']))
      expect(before.every((row) => seen.has(row['id'] ?? null))).toBe(true)
    })
  })

  test('filters as JavaScript would', async () => {
    const tests: [string, Json, (value: Json) => boolean][] = [
      ['hours', 5, (value) => value === 5], ['hours', { ne: 5 }, (value) => value !== 5], ['hours', { in: [1, 2] }, (value) => value === 1 || value === 2], ['hours', { nin: [1, 2] }, (value) => value !== 1 && value !== 2],
      ['hours', { gt: 3, lte: 8 }, (value) => value !== null && Number(value) > 3 && Number(value) <= 8], ['hours', null, (value) => value === null], ['hours', { null: false }, (value) => value !== null],
      ['hours', { in: [] }, () => false], ['hours', { nin: [] }, () => true], ['hours', { eq: null }, (value) => value === null], ['hours', { ne: null }, (value) => value !== null],
      ['severity', { in: ['low', 'high'] }, (value) => value === 'low' || value === 'high'], ['severity', { ne: 'low' }, (value) => value !== 'low'], ['title', { contains: 'ORDER 4' }, (value) => String(value).includes('order 4')],
      ['cost', { gte: '10.5' }, (value) => value !== null && Number(value) >= 10.5], ['dueDate', { lt: '2026-01-04' }, (value) => value !== null && String(value) < '2026-01-04'], ['urgent', true, (value) => value === true],
      ['createdAt', { lt: '2020-01-01T00:00:00Z' }, () => false], ['state', 'open', (value) => value === 'open'], ['title', { contains: '%' }, () => false], ['title', { contains: '_' }, () => false],
    ]
    const all = await run((db) => everyPage(db, { limit: 200 }))
    for (const [name, condition, expected] of tests) {
      const count = await run((db) => db.count('workOrder', { [name]: condition }))
      expect(count, `${name} ${JSON.stringify(condition)}`).toBe(all.filter((row) => expected(row[name] ?? null)).length)
    }
  })

  test('takes at most 50 conditions, 1,000 values and 200 records', async () => {
    const many = Object.fromEntries(['title', 'notes', 'code', 'hours', 'serial', 'cost'].map((name) => [name, { eq: null, ne: null, null: true }]))
    expect(await run((db) => db.count('workOrder', many))).toBe(0)
    const refused: EntityQuery[] = [
      { limit: 0 }, { limit: 201 }, { limit: 1.5 }, { where: { hours: { in: Array.from({ length: 1_001 }, (_, n) => n) } } }, { sort: ['title', 'hours', 'cost', 'urgent', 'state'] }, { q: 'a b c d e f g h i j k' }, { q: 'x'.repeat(201) }, { sort: ['title', '-title'] },
      { where: [] as unknown as Record<string, Json> }, { where: { hours: '5' } }, { where: { hours: { contains: '5' } } }, { where: { details: { eq: 1 } } }, { where: { severity: { gt: 'low' } } }, { where: { title: { eq: { a: 1 } } } }, { where: { site: 'x' } }, { colour: 'red' } as EntityQuery,
    ]
    for (const query of refused) await expect(run((db) => db.list('workOrder', query)), JSON.stringify(query).slice(0, 80)).rejects.toMatchObject({ code: 'invalid-request' })
    const fifty = Object.fromEntries(['title', 'notes', 'code', 'severity', 'state'].map((name) => [name, { eq: 'low', ne: 'x', in: ['low'], nin: ['x'], null: false }]))
    const more = Object.fromEntries(['cost', 'dueDate', 'startsAt', 'createdAt', 'updatedAt', 'site', 'assignee', 'createdBy', 'updatedBy', 'hours', 'serial', 'urgent'].map((name) => [name, { null: true, eq: null }]))
    await expect(run((db) => db.list('workOrder', { where: { ...fifty, ...more, id: { null: true } } }))).resolves.toBeDefined()
    await expect(run((db) => db.list('workOrder', { where: { ...fifty, ...more, id: { null: true }, revision: 1, details: { null: true } } }))).rejects.toThrow(/50 conditions/)
  })

  test('hides what another tenant or scope owns, counts included', async () => {
    expect(await works.engine.run(works.release, carol, undefined, (db) => db.list('workOrder', { count: true }))).toEqual({ data: [], next: null, total: 0 })
    const own = withPermissions({ ...alice, userId: carol.userId }, 'view.own')
    expect(await works.engine.run(works.release, own, undefined, (db) => db.list('workOrder', { count: true, q: 'order' }))).toEqual({ data: [], next: null, total: 0 })
  })

  test('of groups is refused beyond 1,000', async () => {
    await expect(run((db) => db.aggregate('workOrder', { groupBy: ['id'] }))).rejects.toThrow(/1000 groups/)
  })
})

describe('text of a caller', () => {
  const attacks = ["'", '"', "'; drop table p_test_works.work_order; --", "' or '1'='1", '") or true --', '\\', '%', '$1', '${1}', '`', '\u0000', '\ud800', '{"$ne":null}', '1; select pg_sleep(10)', 'id" desc, (select 1)', '__proto__', 'constructor', '\u202e', '[]', 'null']

  test('is never part of a statement', async () => {
    const operators = [...operatorNames, 'like', ...attacks]
    const fields = ['title', 'notes', 'hours', 'cost', 'urgent', 'dueDate', 'startsAt', 'severity', 'details', 'site', 'id', 'createdAt', 'state', ...attacks]
    const request = async (query: string): Promise<string> => {
      try {
        await handleEntityRequest({ engine: works.engine, release: works.release, hooks: undefined }, alice, { method: 'GET', path: ['workOrder'], query, headers: {}, body: undefined })
        return 'done'
      } catch (error) {
        if (!(error instanceof OpsFluxError)) throw new Error(`${query}: ${String(error)}`, { cause: error })
        return error.code
      }
    }
    const encode = (text: string): string => encodeURIComponent(text.toWellFormed())
    const queries = attacks.flatMap((attack) => [
      ...fields.map((name) => `where[${encode(name)}]=${encode(attack)}`), ...operators.map((operator) => `where[title][${encode(operator)}]=${encode(attack)}`),
      ...['sort', 'limit', 'after', 'q', 'count', attack].map((name) => `${encode(name)}=${encode(attack)}`), `sort=-${encode(attack)}`,
    ])
    const answers = new Set<string>()
    for (const query of queries) answers.add(await request(query))
    expect([...answers].toSorted()).toEqual(['done', 'invalid-request'])
    expect(await run((db) => db.count('workOrder'))).toBe(rowCount)
  }, 60_000)

  test('is stored and found as it is', async () => {
    for (const attack of attacks.filter((text) => !text.includes('\0') && text.isWellFormed())) {
      const found = await run(async (db) => {
        const created = await db.create('workOrder', { title: attack, notes: attack, details: { [attack]: attack } })
        const { data: [one] } = await db.list('workOrder', { where: { title: attack, notes: { contains: attack } } })
        await db.remove('workOrder', String(created['id']))
        return [one, created]
      })
      expect(found[0]).toEqual(found[1])
      expect(found[1]).toMatchObject({ title: attack, notes: attack, details: { [attack]: attack } })
    }
  })
})
