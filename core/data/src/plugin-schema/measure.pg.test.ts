import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, incidents, tenantA, tenantB } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'
import type { SchemaChange } from './types.ts'

describe('measure', () => {
  let test: TestDatabase
  let schemas: PluginSchemas
  const pluginId = 'measured-plugin'
  beforeAll(async () => {
    test = await testDatabase()
    schemas = new PluginSchemas(test.database)
    await apply(schemas, { pluginId, down: [], up: [incidents.init] })
    await addIncidents(test, 'p_measured_plugin', ['One', 'Two', 'Three'])
    await addIncidents(test, 'p_measured_plugin', ['Other'], tenantB)
  })
  afterAll(() => test.close())

  const update = (change: Partial<SchemaChange['up'][number]> = {}): SchemaChange => ({ pluginId, down: [], up: [{ ...incidents.actions, ...change }] })

  it('finds tables created and altered, the rows touched of all tenants, and a lossless way back', async () => {
    expect(await schemas.measure(update())).toEqual({
      tables: [{ table: 'action', change: 'created', rowsTouched: 0 }, { table: 'incident', change: 'altered', rowsTouched: 4 }],
      ms: expect.any(Number),
      wayBack: { kind: 'lossless', reason: 'nothing-lost', lost: [] },
    })
  })

  it('leaves no trace: no table, no row, no schema of a plugin that is not installed', async () => {
    const catalogue = "select nspname, relname, relfilenode from pg_class c join pg_namespace n on n.oid = relnamespace where nspname ~ '^[pr]_' order by 1, 2"
    const before = await test.database.admin.query(catalogue)
    await schemas.measure(update())
    await schemas.measure({ pluginId: 'never-installed', down: [], up: [incidents.init] })
    expect((await test.database.admin.query(catalogue)).rows).toEqual(before.rows)
    expect((await test.database.admin.query("select from pg_namespace where nspname = 'p_never_installed'")).rowCount).toBe(0)
    expect((await schemas.applied(pluginId)).length).toBe(1)
  })

  it('finds what an update would lose on its way back', async () => {
    const lossy = await schemas.measure(update({ upSql: 'alter table incident drop column cost', downSql: 'alter table incident add column cost numeric(18,2)' }))
    expect(lossy.wayBack).toMatchObject({ kind: 'lossy', lost: ['incident.cost'] })
    const rounded = await schemas.measure(update({ upSql: 'update incident set title = lower(title)', downSql: 'update incident set title = upper(title)' }))
    expect(rounded.wayBack).toMatchObject({ kind: 'lossy', lost: ['incident.title'] })
    const deleted = await schemas.measure(update({ upSql: "delete from incident where title = 'One'", downSql: 'update incident set title = title' }))
    expect(deleted.wayBack).toMatchObject({ kind: 'lossy', lost: ['incident'] })
    const exchanged = await schemas.measure(update({
      upSql: `update incident set title = case title when 'One' then 'Two' when 'Two' then 'One' else title end`, downSql: 'update incident set cost = cost',
    }))
    expect(exchanged.wayBack).toMatchObject({ kind: 'lossy', lost: ['incident.title'] })
  })

  it('calls a way back that is missing or fails one-way', async () => {
    const { downSql: _, ...without } = incidents.actions
    expect((await schemas.measure({ pluginId, down: [], up: [without] })).wayBack).toMatchObject({ kind: 'one-way', reason: 'no-down-migration' })
    expect((await schemas.measure(update({ downSql: 'drop table nothing_like_it' }))).wayBack).toMatchObject({ kind: 'one-way', reason: 'down-migration-fails' })
  })

  it('measures a roll-back: there and up again on the rows written since', async () => {
    const other = 'rolled-back'
    const schema = 'p_rolled_back'
    await apply(schemas, { pluginId: other, down: [], up: [incidents.init, incidents.keepingActions] }, '1.1.0')
    const [id = ''] = await addIncidents(test, schema, ['Since'])
    await test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, async (transaction) => {
      await transaction.updateTable(`${schema}.incident`).set({ cause: 'Known' }).execute()
      await transaction.insertInto(`${schema}.action`).values({ id: randomUUID(), tenant_id: tenantA, incident_id: id, note: 'Do it' }).execute()
    })
    const { upSql, downSql } = incidents.keepingActions
    const back: SchemaChange = { pluginId: other, down: [{ id: '0002-actions', downSql }], up: [] }
    expect(await schemas.measure({ ...back, again: [{ id: '0002-actions', upSql }] })).toMatchObject({
      tables: [{ table: 'action', change: 'dropped', rowsTouched: 1 }, { table: 'incident', change: 'altered' }], wayBack: { kind: 'lossless' },
    })
    const losing = { ...back, down: [{ id: '0002-actions', downSql: incidents.actions.downSql }], again: [{ id: '0002-actions', upSql }] }
    expect((await schemas.measure(losing)).wayBack).toEqual({ kind: 'lossy', reason: 'values-lost', lost: ['action', 'incident.cause'] })
    expect((await schemas.measure(back)).wayBack.kind).toBe('one-way')

    await apply(schemas, back, '1.0.0')
    expect((await schemas.tables(other)).map(({ name, rows }) => [name, rows])).toEqual([['incident', 1], ['kept_action', 1], ['kept_cause', 1]])
    await expect(test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, (transaction) => transaction.selectFrom(`${schema}.kept_action`).select('id').execute()))
      .rejects.toThrow('permission denied')
    await apply(schemas, { pluginId: other, down: [], up: [incidents.keepingActions] }, '1.1.0')
    const rows = await test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, (transaction) =>
      transaction.selectFrom(`${schema}.incident`).innerJoin(`${schema}.action`, 'action.incident_id', 'incident.id').select(['title', 'cause', 'note']).execute())
    expect(rows).toEqual([{ title: 'Since', cause: 'Known', note: 'Do it' }])
  })

  it('fails as the change would, and names the migration', async () => {
    await expect(schemas.measure(update({ upSql: 'alter table incident add constraint c check (cost < 0)' })))
      .rejects.toMatchObject({ code: 'migration-failed', data: { migration: '0002-actions', statement: 1, sqlstate: '23514' } })
  })
})
