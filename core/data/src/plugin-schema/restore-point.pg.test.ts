import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../database/sql.ts'
import { testDatabase } from '../testing.ts'
import type { TestDatabase } from '../testing.ts'
import { addIncidents, apply, asTenant, incidents, installationOf, tenantA, tenantB, titlesOf } from './fixture.ts'
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
    await asTenant(test, sql`insert into p_restored_plugin.note (id, tenant_id, incident_id) values (gen_random_uuid(), ${tenantA}, ${id})`)
    await asTenant(test, sql`insert into p_restored_plugin.numbered (tenant_id) values (${tenantA}), (${tenantA})`)
    const [structureBefore, tablesBefore] = [await structure(), await schemas.tables(pluginId)]
    const point = await schemas.protect(pluginId, meta)

    await apply(schemas, { pluginId, down: [], up: [{ id: '0003-one-way', upSql: "drop view titles; drop table note; delete from incident where title = 'One'; alter table incident drop column cost; alter table incident alter column level type text; create table extra (tenant_id uuid not null)" }] }, '2.0.0')
    await addIncidents(test, schema, []).catch(() => undefined)

    await schemas.restore(point, await schemas.stage(pluginId, { installation: installationOf('1.0.0') }))
    expect(await structure()).toEqual(structureBefore)
    expect(await schemas.tables(pluginId)).toEqual(tablesBefore)
    expect(await titlesOf(test, schema)).toEqual(['One', 'Two'])
    expect(await titlesOf(test, schema, tenantB)).toEqual(['Other'])
    expect(await asTenant(test, sql`insert into p_restored_plugin.numbered (tenant_id) values (${tenantA}) returning n, always`)).toEqual([['7', '3']])
    expect((await test.database.admin.query('select version from opsflux.installation where plugin_id = $1', [pluginId])).rows).toEqual([{ version: '1.0.0' }])
  })

  it('brings back what generated migrations make: links, generated columns, search, ranges, partial and GIN indexes, named checks', async () => {
    const id = 'restored-entities'
    await apply(schemas, { pluginId: id, down: [], up: [{
      id: '0001-init', upSql: `
        create table site (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, name varchar(40) not null, currency char(3), span tstzrange, lat double precision, deleted_at timestamptz, custom jsonb not null default '{}',
          state text not null default 'open' check (state in ('open', 'closed')), twice bigint generated always as (char_length(name) * 2) stored,
          search_vector tsvector generated always as (setweight(to_tsvector('simple', coalesce(name, '')), 'A') || setweight(to_tsvector('simple', coalesce(currency, '')), 'B')) stored,
          constraint site_span_check check (span is null or not isempty(span)));
        create index site_search on site using gin (search_vector); create unique index site_name on site (tenant_id, name) where deleted_at is null;
        create index site_custom on site (tenant_id, (custom ->> 'badge'), id);
        create table tag (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, site uuid, at timestamptz);
        alter table tag add constraint tag_site_fkey foreign key (site) references site (id) on delete set null not valid;
        create table site_tags (tenant_id uuid not null, source uuid not null references site (id) on delete cascade, target uuid not null references tag (id) on delete cascade, position integer not null, primary key (source, target));
        create index site_tags_target on site_tags (tenant_id, target)`,
    }] })
    await asTenant(test, sql`with s as (insert into p_restored_entities.site (tenant_id, name, currency, span) values (${tenantA}, 'Quay wall', 'EUR', '[2026-01-01,2026-02-01)') returning id), t as (insert into p_restored_entities.tag (tenant_id, site) values (${tenantA}, null) returning id)
      select from s, t`)
    await asTenant(test, sql`insert into p_restored_entities.site_tags select ${tenantA}, s.id, t.id, 1 from p_restored_entities.site s, p_restored_entities.tag t`)
    const of = (): Promise<unknown> => asOwner(test.database.roleUrl('p_restored_entities_owner'), 'p_restored_entities', async (client) => {
      const { rows } = await client.query("select format('%s %s', indexrelid::regclass, indisvalid) from pg_index where indrelid::regclass::text ~ '^(site|tag)' order by 1")
      return [await readStructure(client, 'p_restored_entities'), rows, (await client.query('select to_jsonb(site) - $1::text as site, (select count(*)::integer from site_tags) as links from site', ['custom'])).rows]
    })
    const before = await of()
    const point = await schemas.protect(id, meta)
    await apply(schemas, { pluginId: id, down: [], up: [{ id: '0002-gone', upSql: 'drop table site_tags; drop table tag; alter table site drop column search_vector, drop column twice, drop constraint site_span_check; delete from site' }] })
    await schemas.restore(point, await schemas.stage(id, { installation: installationOf('1.0.0') }))
    expect(await of()).toEqual(before)
    expect(await asTenant(test, sql`select twice, search_vector @@ to_tsquery('simple', 'quay:A') from p_restored_entities.site`)).toEqual([['18', 't']])
    await expect(asTenant(test, sql`insert into p_restored_entities.site (tenant_id, name) values (${tenantA}, 'Quay wall')`)).rejects.toThrow('site_name')
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
