import { defineEntity, featuresOf, field, type EntityDeclaration, type Entity } from '@opsflux/sdk'
import { describe, expect, it } from 'vitest'
import { judgeAfterSteps, judgeMigration } from '../index.ts'
import { planMigration, tablesOf, type Rename, type Script } from './index.ts'

const declared = (entity: Entity): EntityDeclaration => ({ ...entity, features: featuresOf(entity) } as EntityDeclaration)
const site = declared(defineEntity('site', { fields: { name: field.string({ required: true }) } }))
const incident = (fields: Parameters<typeof defineEntity>[1]['fields'], more: Partial<EntityDeclaration> = {}) => declared({ ...defineEntity('incident', { fields }), ...more } as Entity)

interface Given { renames?: Rename[]; backfills?: Record<string, string>; afterSteps?: boolean }
function change(before: EntityDeclaration[], after: EntityDeclaration[], { renames = [], backfills = {}, afterSteps = true }: Given = {}): Script {
  return planMigration({ before: { tables: tablesOf(before), aside: [] }, tables: tablesOf(after), release: '1.1.0', renames, backfills: new Map(Object.entries(backfills)), afterSteps }).script
}
const bare = (statements: readonly string[]): string[] => statements.map((statement) => statement.replaceAll(/^--.*\n/gm, ''))

describe('the tables of entities', () => {
  const every = incident({
    title: field.string({ required: true, maxLength: 120, search: 'A', unique: true }), order: field.integer({ index: true }), cost: field.money(), at: field.zonedDatetime(), place: field.geoPoint(), number: field.sequence('INC-{number:4}', { search: 'D' }),
    site: field.reference('site', { onDelete: 'cascade' }), vendor: field.reference('crm/vendor'), sites: field.manyToMany('site'), double: field.computed('integer', '"order" * 2'), secret: field.encrypted(), kind: field.enum(['a', "b'c"]),
  }, { unique: [['title', 'kind']], checks: { positiveOrder: '"order" > 0' }, states: { initial: 'new', values: ['new', 'old'], transitions: {} } })

  it('are laid out as the engine expects them', () => {
    expect(change([], [site, every])).toMatchSnapshot()
  })

  it('and all that is generated passes the judge', async () => {
    const { up, down } = change([], [site, every])
    for (const text of [up, down]) expect((await judgeMigration(text.join(';\n'), 'p_acme')).fault).toBeUndefined()
    const changed = change([site, incident({ title: field.text(), gone: field.timeRange() })], [site, every], { backfills: { 'incident.order': 'length(title)' } })
    for (const text of [changed.up, changed.down]) expect((await judgeMigration(text.join(';\n'), 'p_acme')).fault).toBeUndefined()
    expect((await judgeAfterSteps(changed.after.join(';\n'), 'p_acme')).fault).toBeUndefined()
    expect(changed.after.length).toBeGreaterThan(5)
  })

  it('of releases before features have none of their columns', () => {
    const { features: _, ...old } = site
    expect(tablesOf([old]).flatMap(({ columns }) => columns.map(({ name }) => name))).toEqual(['id', 'tenant_id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'name'])
  })

  it('have names that PostgreSQL keeps whole, and different ones where it would cut them to the same', () => {
    const long = 'a'.repeat(40)
    const names = tablesOf([incident({ [`${long}One`]: field.string({ index: true, unique: true }), [`${long}Two`]: field.string({ index: true, unique: true }) })]).flatMap(({ indexes }) => indexes.map(({ name }) => name))
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => name.length <= 63)).toBe(true)
  })
})

describe('a change', () => {
  it('of nothing is empty', () => {
    expect(change([site], [site])).toEqual({ up: [], down: [], after: [] })
  })

  it('renames what is said to be renamed, with its indexes and checks, and nothing else', () => {
    const { up, down, after } = change([incident({ kind: field.enum(['a', 'b'], { index: true }) })], [incident({ sort: field.enum(['a', 'b'], { index: true }) })], { renames: [{ entity: 'incident', field: 'kind', to: 'sort' }] })
    expect(up).toEqual(['alter table incident rename column kind to sort', 'alter table incident rename constraint incident_kind_check to incident_sort_check', 'alter index if exists incident_kind_index rename to incident_sort_index'])
    expect(down).toHaveLength(3)
    expect(after).toEqual([])
  })

  it('renames an entity with its link tables and what refers to it', () => {
    const before = [site, incident({ sites: field.manyToMany('site') })]
    const place = declared(defineEntity('place', { fields: { name: field.string({ required: true }) } }))
    const { up } = change(before, [place, incident({ sites: field.manyToMany('place') })], { renames: [{ entity: 'site', to: 'place' }] })
    expect(up).toEqual(['alter table site rename to place', 'alter index if exists site_tenant_index rename to place_tenant_index'])
  })

  it('that was not said to be a rename drops one and adds the other, and keeps the values of the dropped one', () => {
    const { up } = change([incident({ kind: field.integer() })], [incident({ sort: field.integer() })])
    expect(bare(up).slice(0, 2)).toEqual(['alter table incident rename column kind to dropped_kind', 'alter table incident add column sort bigint'])
  })

  it('drops what an earlier release put aside, and only then', () => {
    const tables = tablesOf([incident({ kind: field.integer() })])
    const common = { tables: tablesOf([site]), renames: [], backfills: new Map<string, string>(), afterSteps: true }
    const { aside } = planMigration({ ...common, before: { tables: [...tablesOf([site]), ...tables], aside: [] }, release: '1.1.0' })
    expect(aside).toEqual([expect.objectContaining({ release: '1.1.0', table: expect.objectContaining({ name: 'kept_incident' }) })])
    const plan = (release: string) => planMigration({ ...common, before: { tables: tablesOf([site]), aside }, release })
    expect(plan('1.1.0')).toEqual({ script: { up: [], down: [], after: [] }, aside })
    expect(bare(plan('1.2.0').script.up)).toEqual(['drop table kept_incident'])
    expect(plan('1.2.0').aside).toEqual([])
  })

  it('adds a required field with a value to be checked, the one given, or its default', () => {
    const add = (options: object, given: Given = {}) => change([incident({})], [incident({ site: field.string({ required: true, ...options }) })], given).up.join('\n')
    expect(add({})).toMatch(/add column site varchar\(255\);?\n[\s\S]*-- CHECK THIS VALUE[\s\S]*set site = '\?' where site is null\n.*set not null/)
    expect(add({}, { backfills: { 'incident.site': "'Port'" } })).toMatch(/set site = 'Port' where site is null/)
    expect(add({ default: 'Yard' })).toContain("add column site varchar(255) not null default 'Yard'")
    expect(() => change([incident({})], [incident({ owner: field.user({ required: true }) })])).toThrow(/--backfill incident\.owner=/)
  })

  it('leaves what takes long to the steps after the commit, and fills rows in portions there', () => {
    const { up, after } = change([incident({})], [incident({ risk: field.string({ index: true }) })], { backfills: { 'incident.risk': "'low'" } })
    expect(up.join()).not.toMatch(/create index/)
    expect(bare(after)).toEqual([
      "update incident set risk = 'low' where id in (select id from incident where risk is null and ('low') is not null limit 10000)",
      'create index concurrently if not exists incident_risk_index on incident (tenant_id, risk, id)',
    ])
    expect(change([incident({})], [incident({ risk: field.string({ index: true }) })], { afterSteps: false })).toMatchObject({ after: [], up: expect.arrayContaining(['create index incident_risk_index on incident (tenant_id, risk, id)']) })
  })

  it('serves with the old index of a name until the new one is built', () => {
    const { up, down, after } = change([incident({ code: field.string({ unique: true }) }, { features: { softDelete: false } as EntityDeclaration['features'] & object })], [incident({ code: field.string({ unique: true }) })])
    expect(up).toContain('alter index if exists incident_code_unique rename to old_incident_code_unique')
    expect(bare(after)).toEqual(['create unique index concurrently if not exists incident_code_unique on incident (tenant_id, code) where deleted_at is null', 'drop index concurrently if exists old_incident_code_unique'])
    expect(down).toEqual(expect.arrayContaining(['drop index if exists incident_code_unique', 'create unique index if not exists incident_code_unique on incident (tenant_id, code)']))
  })

  it('converts values of one type to another, and keeps those that do not fit for the way back', () => {
    const { up, down } = change([incident({ size: field.string() })], [incident({ size: field.integer() })])
    expect(bare(up)).toEqual([expect.stringMatching(/^create table kept_incident__size as select id, tenant_id, revision, size from incident where size is distinct from/), 'alter table kept_incident__size alter column tenant_id set not null',
      "alter table incident alter column size type bigint using case when size ~ '^-?[0-9]{1,15}$' then size::bigint end"])
    expect(down.at(-1)).toBe('drop table kept_incident__size')
  })

  it.each([['a user', field.user(), 'a company', field.company()], ['text', field.text(), 'sealed text', field.encrypted()], ['a list', field.enum(['true']), 'yes or no', field.boolean()], ['one entity', field.reference('site'), 'another', field.reference('incident')]])('never takes %s for %s of another kind: %s', (_a, from, _b, to) => {
    expect(change([site, incident({ x: from })], [site, incident({ x: to })]).up).toContain('alter table incident rename column x to dropped_x')
  })
})
