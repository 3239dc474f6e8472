import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, type EntityDeclaration, type FieldDeclaration, type PluginManifest } from '@opsflux/sdk'
import { schemaDrift } from './schema-drift.ts'
import { manifest, permits, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
beforeAll(async () => { works = await worksDatabase() })
afterAll(() => works.close())

/** The manifest with one entity declared in another way. */
function changed(name: string, change: (entity: EntityDeclaration) => EntityDeclaration): PluginManifest {
  return { ...manifest, entities: manifest.entities.map((entity) => (entity.name === name ? change(entity) : entity)) }
}
const declaring = (fields: Record<string, FieldDeclaration>, name = 'workOrder'): PluginManifest => changed(name, (entity) => ({ ...entity, fields: { ...entity.fields, ...fields } }))

/** The drift after some statements, which are taken back by others. */
async function driftAfter(statements: string, back: string): Promise<string[]> {
  await works.database.admin.query(`set search_path to p_test_works; ${statements}; reset search_path`)
  try {
    return await schemaDrift(works.database, manifest)
  } finally {
    await works.database.admin.query(`set search_path to p_test_works; ${back}; reset search_path`)
  }
}

test('entities and migrations that agree have no drift, whatever is free', async () => {
  expect(await schemaDrift(works.database, permits)).toEqual([])
  expect(await driftAfter(`create table kept_site (id uuid, tenant_id uuid not null); create index work_order_by_title on work_order (tenant_id, title); create index cf_asset_badge on asset (tenant_id, (custom ->> 'badge'), id);
    alter table work_order add constraint free check (hours >= 0); alter table work_order alter urgent set default false; alter table asset add column dropped_code text`,
  `drop table kept_site; drop index work_order_by_title, cf_asset_badge; alter table work_order drop constraint free, alter urgent drop default; alter table asset drop column dropped_code`)).toEqual([])
})

test('what is compared leaves nothing behind', async () => {
  await schemaDrift(works.database, manifest)
  const { rows } = await works.database.admin.query("select nspname from pg_namespace where nspname like 'drift%'")
  expect(rows).toEqual([])
})

test.each<[string, Record<string, FieldDeclaration>, RegExp[]]>([
  ['a column', { priority: field.integer({ required: true }) }, [/add column "priority" bigint not null/]],
  ['a type', { hours: field.decimal() }, [/alter column "hours" type numeric\(18,6\)/]],
  ['a length', { title: field.string({ required: true, maxLength: 120 }) }, [/alter column "title" type character varying\(120\)/]],
  ['not null', { notes: field.text({ required: true }) }, [/alter column "notes" set not null/]],
  ['null', { urgent: field.boolean() }, [/alter column "urgent" drop not null/]],
  ['an enum value', { severity: field.enum(['low', 'high', 'critical', 'fatal']) }, [/drop constraint "work_order_severity_check"/, /add constraint .*fatal/]],
  ['a unique index', { title: field.string({ required: true, maxLength: 100, unique: true }) }, [/create unique index on "p_test_works"."work_order" \(tenant_id, title\)$/]],
  ['an index', { dueDate: field.date({ index: true }) }, [/create index on .* \(tenant_id, due_date, id\)/]],
  ['a reference', { assignee: field.reference('site') }, [/add constraint .* FOREIGN KEY \(assignee\) REFERENCES site\(id\)/]],
])('the drift names %s that is missing', async (_what, fields, statements) => {
  const drift = await schemaDrift(works.database, declaring(fields))
  expect(drift).toEqual(statements.map((statement) => expect.stringMatching(statement) as string))
})

test.each<[string, Record<string, FieldDeclaration>, RegExp[]]>([
  ['both columns of an amount', { fee: field.money() }, [/add column "fee" bigint/, /add column "fee_currency" character\(3\)/, /"asset_fee_pair_check" CHECK \(\(\(fee IS NULL\) = \(fee_currency IS NULL\)\)\)/]],
  ['what a column is computed from', { total: field.computed('decimal', 'weight * 2', { index: true }) }, [/alter column "total" set expression as/]],
  ['the weight of a field in the search', { risk: field.enum(['low', 'high']) }, [/alter column "search_vector" set expression as/]],
  ['a table of links', { friends: field.manyToMany('asset') }, [/create table "p_test_works"."asset_friends"/]],
  ['a unique index of what is not in the bin', { remarks: field.string({ unique: true, maxLength: 20, search: 'B' }) }, [/alter column "remarks" type/, /set expression as/, /create unique index .*\(tenant_id, remarks\) where \(deleted_at IS NULL\)/]],
  ['what a reference does when its record goes', { site: field.reference('site', { onDelete: 'cascade' }) }, [/drop constraint "asset_site_fkey"/, /FOREIGN KEY \(site\) REFERENCES site\(id\) ON DELETE CASCADE/]],
])('the drift of an entity with features names %s', async (_what, fields, statements) => {
  const drift = await schemaDrift(works.database, declaring(fields, 'asset'))
  expect(drift).toEqual(statements.map((statement) => expect.stringMatching(statement) as string))
})

test.each<[string, (entity: EntityDeclaration) => EntityDeclaration, RegExp[]]>([
  ['a check', (entity) => ({ ...entity, checks: { ...entity.checks, fewParts: 'parts < 10' } }), [/add constraint "asset_few_parts_check" CHECK \(\(parts < 10\)\)/]],
  ['another check of that name', (entity) => ({ ...entity, checks: { namedSite: 'parts < 10' } }), [/add constraint "asset_named_site_check"/]],
  ['a state', (entity) => ({ ...entity, states: { initial: 'planned', values: ['planned', 'inUse', 'scrapped', 'lost'], transitions: {} } }), [/add constraint "asset_state_check".*lost/, /drop constraint "asset_state_check"/]],
  ['that there is no bin', ({ features, ...entity }) => ({ ...entity, ...(features ? { features: { ...features, softDelete: false } } : {}) }), [/drop column "deleted_at"/, /drop column "deleted_by"/, /create unique index .*\(tenant_id, name, installed_on\)$/, /create unique index .*\(tenant_id, tag\)$/]],
])('the drift of an entity with features names %s of the whole entity', async (_what, change, statements) => {
  const drift = await schemaDrift(works.database, changed('asset', change))
  expect(drift.toSorted()).toEqual(statements.map((statement) => expect.stringMatching(statement) as string))
})

test('an entity with features needs the order of its lists, of references, and the search', async () => {
  const drift = await driftAfter('drop index asset_tenant_index, asset_site_index, asset_search_index; alter table asset alter custom drop default',
    "create index asset_tenant_index on asset (tenant_id, id); create index asset_site_index on asset (tenant_id, site, id); create index asset_search_index on asset using gin (search_vector); alter table asset alter custom set default '{}'")
  expect(drift.toSorted()).toEqual([/alter column "custom" set default/, /\(tenant_id, id\)/, /\(tenant_id, site, id\)/, /using gin \(search_vector\)/].map((statement) => expect.stringMatching(statement) as string))
})

test('tables of releases made before features existed need neither, and may order what their checks list', async () => {
  expect(await driftAfter(`drop index work_order_tenant_index, work_order_site_index; alter table work_order drop constraint work_order_severity_check, add check (severity in ('critical', 'low', 'high')), drop constraint work_order_state_check`,
    `create index work_order_tenant_index on work_order (tenant_id, id); create index work_order_site_index on work_order (tenant_id, site, id); alter table work_order add constraint work_order_state_check check (state in ('draft', 'open', 'closed'))`)).toEqual([])
})

test('the drift names a table that is missing, a column that is not declared and an entity that is not there', async () => {
  const { details: _details, ...fields } = manifest.entities[1]?.fields ?? {}
  const other: PluginManifest = { ...manifest, entities: [{ name: 'site', fields: {} }, { name: 'workOrder', fields }, { name: 'boat', fields: {} }] }
  const drift = (await schemaDrift(works.database, other)).join('\n')
  expect(drift).toMatch(/drop table "p_test_works"."asset"/)
  expect(drift).toMatch(/create table "p_test_works"."boat"/)
  expect(drift).toMatch(/"site" drop column "name"/)
  expect(drift).toMatch(/"work_order" drop column "details"/)
  await expect(schemaDrift(works.database, { ...manifest, entities: [{ name: 'boat', fields: { dock: field.reference('dock') } }] })).rejects.toMatchObject({ code: 'validation-failed' })
})

test('a reference that deletes along is drift, as a record referred to must not go', async () => {
  expect(await driftAfter('alter table work_order drop constraint work_order_site_fkey, add constraint work_order_site_fkey foreign key (site) references site (id) on delete cascade',
    'alter table work_order drop constraint work_order_site_fkey, add constraint work_order_site_fkey foreign key (site) references site (id) on delete restrict')).toEqual([
    expect.stringMatching(/drop constraint "work_order_site_fkey"/), expect.stringMatching(/FOREIGN KEY \(site\) REFERENCES site\(id\)$/),
  ])
  expect(await schemaDrift(works.database, manifest)).toEqual([])
})
