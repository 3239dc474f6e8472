import type { CustomField, Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import { withCustomFields } from './custom-entity.ts'
import { alice, assetsDatabase, carol, fieldOfKind, manifest, type Assets } from './custom-fixture.ts'
import { customIndexesOf, customIndexName, dropCustomIndex, makeCustomIndex } from './custom-indexes.ts'
import { countCustomValues, eraseCustomValues } from './custom-storage.ts'
import type { EntityQuery } from './entity-transaction.ts'
import { selectPage } from './list-query.ts'
import type { Related } from './related.ts'
import { schemaDrift } from './schema-drift.ts'

const fields = (['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'user'] as const).map((kind) => fieldOfKind(kind, { index: true, indexState: 'ready', ...(kind === 'enum' ? { values: ['red', 'blue'] } : {}) }))
const bare = fieldOfKind('string', { name: 'plain' })

const related: Related = { resolve: () => undefined, seen: () => undefined, from: () => related }

let assets: Assets
beforeAll(async () => {
  assets = await assetsDatabase()
  await assets.database.admin.query(`insert into p_test_assets.asset (tenant_id, title, custom) select case when i % 10 > 0 then $1 else $2 end::uuid, 'x', jsonb_build_object(
      'stringValue', 'B-' || i, 'plain', 'B-' || i, 'integerValue', i, 'decimalValue', i || '.50', 'booleanValue', i = 501, 'dateValue', to_char(date '2000-01-01' + i / 10, 'YYYY-MM-DD'),
      'datetimeValue', to_char(timestamp '2000-01-01' + i * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'choice', case when i = 501 then 'red' else 'blue' end, 'userValue', '00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))
    from generate_series(1, 22222) as i`, [alice.tenantId, carol.tenantId])
  await assets.database.admin.query('analyze p_test_assets.asset')
  for (const field of fields) expect(await makeCustomIndex(assets.database, { ...field, tenantId: alice.tenantId })).toBe(true)
})
afterAll(() => assets.close())

/** The plan that requests get for a list: under row-level security, as a prepared statement knows it. */
function planOf(query: EntityQuery, of: readonly CustomField[] = [...fields, bare], actor = alice): Promise<string> {
  const entity = withCustomFields(assets.release.entity('asset'), of, actor.tenantId)
  return assets.database.transaction(actor, async (transaction) => {
    await transaction.texts(sql`select set_config('plan_cache_mode', 'force_generic_plan', true)`)
    let plan = ''
    const explained: DatabaseTransaction = { ...transaction, many: async ([statement = sql``]) => {
      plan = (await transaction.texts(sql`explain ${statement}`)).map(([line]) => line).join('\n')
      return [[]]
    } }
    await selectPage(explained, { entity, allowed: sql`true`, related, query, isLast: false })
    return plan
  })
}
const indexOf = (name: string): string => customIndexName(fields.find((field) => field.name === name)?.id ?? '')

describe('the index of a custom field, among 20,000 records of the tenant', () => {
  test.each<[string, Json]>([
    ['stringValue', 'B-501'], ['stringValue', { in: ['B-501', 'B-502'] }], ['stringValue', { lt: 'B-1001' }], ['integerValue', 500], ['integerValue', { between: [500, 510] }], ['dateValue', '2000-02-20'], ['dateValue', { lte: '2000-01-02' }],
    ['datetimeValue', { gte: '2002-07-14T00:00:00Z' }], ['choice', 'red'], ['booleanValue', true], ['userValue', '00000000-0000-4000-8000-000000000500'],
  ])('serves the filter of %s by %j', async (name, operand) => {
    expect(await planOf({ where: { [`custom.${name}`]: operand } })).toMatch(new RegExp(`${indexOf(name)}[\\s\\S]*Index Cond: .*custom_`))
  })

  test.each(fields.map(({ name }) => name))('serves a sort by %s, both ways', async (name) => {
    for (const sort of [`custom.${name}`, `-custom.${name}`]) {
      const plan = await planOf({ sort })
      expect(plan).toContain(indexOf(name))
      expect(plan).not.toContain('Sort Key')
    }
  })

  // numeric_eq and its like are not leakproof in PostgreSQL, ilike and "distinct from" no operators of an index.
  test.each<[string, Json]>([['decimalValue', '500.50'], ['decimalValue', { lt: '3' }], ['stringValue', { contains: '500' }], ['stringValue', { ne: 'B-500' }], ['plain', 'B-500']])('does not serve the filter of %s by %j', async (name, operand) => {
    expect(await planOf({ where: { [`custom.${name}`]: operand } })).not.toMatch(/Index Cond: .*custom_/)
  })

  test('is of one tenant: another does not gain by it, nor sees anything of it', async () => {
    expect(await planOf({ where: { 'custom.stringValue': 'B-510' } }, fields, carol)).not.toContain('cf_')
    const { rows: [row] } = await assets.database.admin.query<{ definition: string }>('select pg_get_indexdef($1::regclass) as definition', [`p_test_assets.${indexOf('stringValue')}`])
    expect(row?.definition).toContain(`WHERE (tenant_id = '${alice.tenantId}'::uuid)`)
  })
})

test('an index left half-built is made again; a whole one stays; dropping one that is gone is fine', async () => {
  const [field] = fields
  if (!field) throw new Error('There are fields.')
  const name = customIndexName(field.id)
  const oid = async (): Promise<unknown> => (await assets.database.admin.query("select oid from pg_class where relname = $1", [name])).rows[0]
  const first = await oid()
  await makeCustomIndex(assets.database, { ...field, tenantId: alice.tenantId })
  expect(await oid()).toEqual(first)
  await assets.database.admin.query('update pg_index set indisvalid = false where indexrelid = $1::regclass', [`p_test_assets.${name}`])
  expect((await customIndexesOf(assets.database, manifest.id)).get(name)).toBe(false)
  await makeCustomIndex(assets.database, { ...field, tenantId: alice.tenantId })
  expect(await oid()).not.toEqual(first)
  expect((await customIndexesOf(assets.database, manifest.id)).get(name)).toBe(true)
  await dropCustomIndex(assets.database, manifest.id, name)
  await dropCustomIndex(assets.database, manifest.id, name)
  expect((await customIndexesOf(assets.database, manifest.id)).has(name)).toBe(false)
  expect(await makeCustomIndex(assets.database, { ...field, entity: 'nothing', tenantId: alice.tenantId })).toBe(false)
})

test('a schema is as its entities declare, whatever indexes custom fields have', async () => {
  expect(await schemaDrift(assets.database, manifest)).toEqual([])
})

test('a restore point holds none of them', async () => {
  const before = await customIndexesOf(assets.database, manifest.id)
  expect(before.size).toBeGreaterThan(0)
  const restorePoint = await assets.schemas.protect(manifest.id, { version: '1.0.0', digest: 'x', manifest: { id: manifest.id }, granted: [] })
  const { rows: [row] } = await assets.database.admin.query<{ structure: unknown }>('select structure from opsflux.restore_point where id = $1', [restorePoint])
  expect(JSON.stringify(row?.structure)).not.toContain('cf_')
})

test('values of a field are counted and erased in all records of one tenant, and of no other', async () => {
  for (const name of (await customIndexesOf(assets.database, manifest.id)).keys()) await dropCustomIndex(assets.database, manifest.id, name)
  const entity = assets.release.entity('asset')
  const count = (actor: typeof alice): Promise<number> => assets.database.transaction(actor, (transaction) => countCustomValues(transaction, entity, 'plain'))
  expect([await count(alice), await count(carol)]).toEqual([20_000, 2_222])
  await eraseCustomValues(assets.database, alice, entity, 'plain')
  await eraseCustomValues(assets.database, alice, entity, 'plain')
  expect([await count(alice), await count(carol)]).toEqual([0, 2_222])
  const { rows: [row] } = await assets.database.admin.query<{ others: number; revisions: number }>("select count(custom ->> 'integerValue')::integer as others, max(revision) as revisions from p_test_assets.asset where tenant_id = $1", [alice.tenantId])
  expect(row).toEqual({ others: 20_000, revisions: 1 })
})
