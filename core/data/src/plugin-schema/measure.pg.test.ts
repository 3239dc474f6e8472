import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../database/sql.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, asTenant, incidents, tenantA, tenantB } from './fixture.ts'
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
      afterSteps: 0,
      wayBack: { kind: 'lossless', reason: 'nothing-lost', lost: [] },
    })
  })

  it('does not count what was put aside for the next release to drop as lost', async () => {
    const aside = { id: '0002-aside', upSql: 'alter table incident rename column cost to dropped_cost', downSql: 'alter table incident rename column dropped_cost to cost' }
    const gone = { id: '0003-gone', upSql: 'alter table incident drop column dropped_cost', downSql: 'alter table incident add column dropped_cost numeric(18,2)' }
    await apply(schemas, { pluginId: 'aside-first', down: [], up: [incidents.init, aside] })
    await test.database.admin.query("insert into p_aside_first.incident (tenant_id, title, dropped_cost) values (gen_random_uuid(), 'One', 5)")
    expect((await schemas.measure({ pluginId: 'aside-first', down: [], up: [gone] })).wayBack).toEqual({ kind: 'lossless', reason: 'nothing-lost', lost: [] })
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
    await asTenant(test, sql`update p_rolled_back.incident set cause = 'Known'`)
    await asTenant(test, sql`insert into p_rolled_back.action (id, tenant_id, incident_id, note) values (gen_random_uuid(), ${tenantA}, ${id}, 'Do it')`)
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
    await expect(asTenant(test, sql`select id from p_rolled_back.kept_action`)).rejects.toThrow('permission denied')
    await apply(schemas, { pluginId: other, down: [], up: [incidents.keepingActions] }, '1.1.0')
    expect(await asTenant(test, sql`select title, cause, note from p_rolled_back.incident i join p_rolled_back.action a on a.incident_id = i.id`)).toEqual([['Since', 'Known', 'Do it']])
  })

  it('fails as the change would, and names the migration', async () => {
    await expect(schemas.measure(update({ upSql: 'alter table incident add constraint c check (cost < 0)' })))
      .rejects.toMatchObject({ code: 'migration-failed', data: { migration: '0002-actions', statement: 1, sqlstate: '23514' } })
  })
})
