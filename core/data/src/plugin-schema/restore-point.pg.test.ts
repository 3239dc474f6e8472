import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, incidents, installationOf, tenantA, tenantB, titlesOf } from './fixture.ts'
import { PluginSchemas } from './plugin-schemas.ts'
import { readStructure } from './structure.ts'
import { asOwner } from './owner-connection.ts'

describe('restore point', () => {
  let test: TestDatabase
  let schemas: PluginSchemas
  const pluginId = 'restored-plugin'
  const schema = 'p_restored_plugin'
  const meta = { version: '1.0.0', digest: 'd', manifest: { id: pluginId }, granted: [{ name: 'users.read' as const }] }
  beforeAll(async () => {
    test = await testDatabase()
    schemas = new PluginSchemas(test.database)
  })
  afterAll(() => test.close())

  const structure = (): Promise<unknown> => asOwner(test.database.roleUrl(`${schema}_owner`), schema, (client) => readStructure(client, schema))

  it('brings tables, rows, types, indexes and numbering back after a change that has no way back', async () => {
    await apply(schemas, { pluginId, down: [], up: [incidents.init, {
      id: '0002-more', upSql: `create table note (id uuid primary key, tenant_id uuid not null, incident_id uuid references incident (id) on delete cascade,
          levels severity[] default '{high}', length integer generated always as (length('x')) stored, constraint note_level check (cardinality(levels) < 9));
        create sequence counter start 5; create table numbered (tenant_id uuid not null, n bigint default nextval('counter'), always bigint generated always as identity, unique (tenant_id, n));
        create view titles as select title from incident; create index note_incident on note (incident_id) where incident_id is not null;
        comment on column note.levels is 'How bad'`,
    }] })
    const [id = ''] = await addIncidents(test, schema, ['One', 'Two'])
    await addIncidents(test, schema, ['Other'], tenantB)
    await test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, async (transaction) => {
      await transaction.insertInto(`${schema}.note`).values({ id: randomUUID(), tenant_id: tenantA, incident_id: id }).execute()
      await transaction.insertInto(`${schema}.numbered`).values([{ tenant_id: tenantA }, { tenant_id: tenantA }]).execute()
    })
    const [structureBefore, tablesBefore] = [await structure(), await schemas.tables(pluginId)]
    const point = await schemas.protect(pluginId, meta)

    await apply(schemas, { pluginId, down: [], up: [{ id: '0003-one-way', upSql: "drop view titles; drop table note; delete from incident where title = 'One'; alter table incident drop column cost; alter table incident alter column level type text; create table extra (tenant_id uuid not null)" }] }, '2.0.0')
    await addIncidents(test, schema, []).catch(() => undefined)

    await schemas.restore(point, await schemas.stage(pluginId, { installation: installationOf('1.0.0') }))
    expect(await structure()).toEqual(structureBefore)
    expect(await schemas.tables(pluginId)).toEqual(tablesBefore)
    expect(await titlesOf(test, schema)).toEqual(['One', 'Two'])
    expect(await titlesOf(test, schema, tenantB)).toEqual(['Other'])
    const numbered = await test.database.transaction({ tenantId: tenantA, userId: randomUUID() }, (transaction) =>
      transaction.insertInto(`${schema}.numbered`).values({ tenant_id: tenantA }).returning(['n', 'always']).execute())
    expect(numbered.map((row) => [Number(row['n']), Number(row['always'])])).toEqual([[7, 3]])
    expect((await test.database.admin.query('select version from opsflux.installation where plugin_id = $1', [pluginId])).rows).toEqual([{ version: '1.0.0' }])
  })

  it('changes nothing when the staged change is refused', async () => {
    const point = await schemas.protect(pluginId, meta)
    await addIncidents(test, schema, ['After'])
    await expect(schemas.restore(point, { changeId: randomUUID(), token: 'none' })).rejects.toThrow('no such staged change')
    expect(await titlesOf(test, schema)).toContain('After')
  })

  it('records what it brings back, and is gone with its rows when dropped', async () => {
    const point = await schemas.protect(pluginId, meta)
    const { rows } = await test.database.admin.query('select version, granted, migrations, rows::integer from opsflux.restore_point where id = $1', [point])
    expect(rows).toEqual([{ version: '1.0.0', granted: [{ name: 'users.read' }], rows: await schemas.rowsOf(pluginId), migrations: [expect.objectContaining({ id: '0001-init' }), expect.objectContaining({ id: '0002-more' }), expect.objectContaining({ id: '0003-one-way' })] }])
    await schemas.dropRestorePoint(point)
    const schemasLeft = await test.database.admin.query('select from pg_namespace where nspname = $1', [`r_${point.replaceAll('-', '')}`])
    expect(schemasLeft.rowCount).toBe(0)
    await expect(schemas.restore(point, { changeId: randomUUID(), token: '' })).rejects.toMatchObject({ code: 'not-found' })
  })
})
