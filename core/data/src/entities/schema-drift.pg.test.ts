import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, type FieldDeclaration, type PluginManifest } from '@opsflux/sdk'
import { schemaDrift } from './schema-drift.ts'
import { manifest, worksDatabase, type Works } from './test-fixture.ts'

let works: Works
beforeAll(async () => { works = await worksDatabase() })
afterAll(() => works.close())

/** The manifest with some fields of `workOrder` declared in another way. */
function declaring(fields: Record<string, FieldDeclaration>): PluginManifest {
  return { ...manifest, entities: manifest.entities.map((entity) => (entity.name === 'workOrder' ? { ...entity, fields: { ...entity.fields, ...fields } } : entity)) }
}

test('entities and migrations that agree have no drift, whatever is free', async () => {
  await works.database.admin.query(`create table p_test_works.kept_site (id uuid, tenant_id uuid not null);
    create index work_order_by_title on p_test_works.work_order (tenant_id, title); alter table p_test_works.work_order add check (hours >= 0)`)
  expect(await schemaDrift(works.database, manifest)).toEqual([])
  expect(await schemaDrift(works.database, declaring({ title: field.string({ required: true, maxLength: 100, index: true }) }))).toEqual([])
})

test.each<[string, Record<string, FieldDeclaration>, RegExp[]]>([
  ['a column', { priority: field.integer({ required: true }) }, [/add "priority" bigint not null/]],
  ['a type', { hours: field.decimal() }, [/"hours" type numeric\(18,\s?6\)/]],
  ['a length', { title: field.string({ required: true, maxLength: 120 }) }, [/"title" type varchar\(120\)/]],
  ['not null', { notes: field.text({ required: true }) }, [/"notes" set not null/]],
  ['null', { urgent: field.boolean() }, [/"urgent" drop not null/]],
  ['an enum value', { severity: field.enum(['low', 'high', 'critical', 'fatal']) }, [/drop constraint/, /fatal/]],
  ['a unique index', { title: field.string({ required: true, maxLength: 100, unique: true }) }, [/add constraint .* unique \("tenant_id", "title"\)/]],
  ['an index', { dueDate: field.date({ index: true }) }, [/create index .*\("tenant_id", "due_date"\)/]],
  ['a reference', { assignee: field.reference('site') }, [/foreign key \("assignee"\) references "p_test_works"."site"/]],
])('the drift names %s that is missing', async (_what, fields, statements) => {
  const drift = await schemaDrift(works.database, declaring(fields))
  expect(drift).toEqual(statements.map((statement) => expect.stringMatching(statement) as string))
})

test('the drift names a table that is missing and a column that is not declared', async () => {
  const { details: _details, ...fields } = manifest.entities[1]?.fields ?? {}
  const other: PluginManifest = { ...manifest, entities: [{ name: 'site', fields: {} }, { name: 'workOrder', fields }, { name: 'boat', fields: {} }] }
  await works.database.admin.query('create table p_test_works.forgotten (id uuid)')
  const drift = await schemaDrift(works.database, other)
  await works.database.admin.query('drop table p_test_works.forgotten')
  expect(drift.join('\n')).toMatch(/drop table.*"p_test_works"."forgotten"/)
  expect(drift.join('\n')).toMatch(/create table "p_test_works"."boat"/)
  expect(drift.join('\n')).toMatch(/"site" drop column "name"/)
  expect(drift.join('\n')).toMatch(/"work_order" .*drop column "details"/)
})

test('a reference that deletes along is drift, as a record referred to must not go', async () => {
  await works.database.admin.query('alter table p_test_works.work_order drop constraint work_order_site_fkey, add constraint work_order_site_fkey foreign key (site) references p_test_works.site (id) on delete cascade')
  const drift = await schemaDrift(works.database, manifest)
  expect(drift).toEqual([expect.stringMatching(/drop constraint "work_order_site_fkey"/), expect.stringMatching(/foreign key \("site"\)/)])
})
