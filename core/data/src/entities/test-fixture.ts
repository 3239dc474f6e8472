import { tablesOf } from '@opsflux/migrations/generate'
import { field, type EntityDeclaration, type FieldDeclaration, type Fields, type PluginManifest } from '@opsflux/sdk'
import { SealingKey } from '../database/sealing-key.ts'
import { sql } from '../database/sql.ts'
import { schemaOf } from '../plugin-schema/names.ts'
import { testDatabase, type TestDatabase } from '../testing.ts'
import { EntityEngine } from './entity-engine.ts'
import type { Actor, EngineParts, Lookup } from './entity-transaction.ts'
import { ReleaseEntities } from './release-entities.ts'
import { createStatements } from './schema-drift.ts'
import { sealerOf } from './sealer.ts'
import { uuidV7 } from './uuid.ts'

const settingsSchema = { type: 'object', properties: { limit: { type: 'integer', minimum: 1 }, tags: { type: 'array', items: { type: 'string' }, maxItems: 3 } }, required: ['limit'], additionalProperties: false }

/** Every kind of field and every feature. */
const asset: EntityDeclaration = {
  name: 'asset', display: 'name', scopes: { own: 'owner', company: 'company', department: 'department' },
  unique: [['name', 'installedOn']], checks: { namedSite: "name <> 'forbidden'" }, hookable: true,
  features: { audit: true, comments: false, attachments: false, versions: true, search: true, softDelete: true, customFields: true },
  fields: declarations({
    tag: field.sequence('AST-{year}-{number:4}', { gapless: true, search: 'A' }), name: field.string({ required: true, search: 'A' }), remarks: field.text({ search: 'B' }), manual: field.richText({ search: 'D' }),
    parts: field.integer({ index: true, default: 1 }), weight: field.decimal({ precision: 10, scale: 2 }), price: field.money({ index: true, min: 0, currencies: ['EUR', 'XAF', 'JPY'] }),
    active: field.boolean({ required: true, default: true }), installedOn: field.date(), checkedAt: field.datetime(), nextCheck: field.zonedDatetime(), outage: field.timeRange(),
    downtime: field.duration({ min: 0 }), risk: field.enum(['low', 'high'], { search: 'C' }), settings: field.json({ schema: settingsSchema }), notes: field.json(),
    site: field.reference('site', { onDelete: 'setNull' }), parent: field.reference('asset', { onDelete: 'cascade' }), permit: field.reference('test-permits/permit'),
    sites: field.manyToMany('site'), permits: field.manyToMany('test-permits/permit'), owner: field.user({ personal: true }), company: field.company(), department: field.department(),
    photo: field.file(), place: field.geoPoint(), total: field.computed('decimal', 'parts * weight', { index: true }), pin: field.encrypted({ personal: true, read: 'manage' }),
  }),
  states: { initial: 'planned', values: ['planned', 'inUse', 'scrapped'], transitions: { start: { from: 'planned', to: 'inUse', guard: { site: { null: false } } }, scrap: { from: ['planned', 'inUse'], to: 'scrapped', action: 'approve' } } },
}

export const manifest: PluginManifest = {
  formatVersion: 1, id: 'test-works', version: '1.0.0', publisher: 'test', name: 'Works', summary: '', icon: 'hammer', category: 'test', sdk: '^1.0.0',
  capabilities: [], dependencies: { 'test-permits': '^1.0.0' }, permissions: [], menus: [], routes: [], migrations: [], locales: [],
  hooks: {},
  entities: [
    { name: 'site', fields: declarations({ name: field.string({ required: true, unique: true }) }), display: 'name', search: ['name'] },
    {
      name: 'workOrder', display: 'title', search: ['title', 'notes'],
      fields: declarations({
        title: field.string({ required: true, maxLength: 100 }), notes: field.text(), code: field.string({ pattern: '[A-Z]+-\\d+', unique: true }),
        hours: field.integer({ min: 0, max: 1000 }), serial: field.integer(), cost: field.decimal({ precision: 10, scale: 2 }),
        urgent: field.boolean({ required: true, default: false }), dueDate: field.date(), startsAt: field.datetime(),
        severity: field.enum(['low', 'high', 'critical']), details: field.json(), site: field.reference('site'), assignee: field.user(),
      }),
      states: { initial: 'draft', values: ['draft', 'open', 'closed'], transitions: { open: { from: 'draft', to: 'open' }, close: { from: ['open', 'draft'], to: 'closed', action: 'approve' } } },
    },
    asset,
  ],
}

/** Another plugin, which the records of {@link manifest} refer to. */
export const permits: PluginManifest = {
  ...manifest, id: 'test-permits', name: 'Permits', dependencies: {},
  entities: [{ name: 'permit', display: 'title', fields: declarations({ title: field.string({ required: true, search: 'A' }), level: field.integer() }), features: { audit: true, comments: false, attachments: false, versions: false, search: true, softDelete: true, customFields: false } }],
}

function declarations(fields: Fields): Record<string, FieldDeclaration> {
  return fields
}

export const tenantA = uuidV7()
export const tenantB = uuidV7()
export const alice: Actor = { tenantId: tenantA, userId: uuidV7(), locale: 'en', permissions: ['*'] }
export const bob: Actor = { ...alice, userId: uuidV7() }
export const carol: Actor = { tenantId: tenantB, userId: uuidV7(), locale: 'en', permissions: ['*'] }

/** The same person with these rights alone. */
export function withPermissions(actor: Actor, ...permissions: string[]): Actor {
  return { ...actor, permissions: permissions.map((permission) => `${manifest.id}.${permission}`) }
}

export const company = uuidV7()
export const department = uuidV7()
export const photo = uuidV7()

export const sealer = sealerOf(new SealingKey('secret of the tests', 'field'))

export interface Works extends TestDatabase {
  engine: EntityEngine
  release: ReleaseEntities
  permits: ReleaseEntities
}

const users = [alice, bob, carol]
const knows = (...known: string[]): Lookup => async (_transaction, ids) => new Map(ids.filter((id) => known.includes(id)).map((id) => [id, id]))
const findUsers: Lookup = async (transaction, ids) => {
  const [row] = await transaction.texts(sql`select current_setting('opsflux.tenant')`)
  return new Map(users.filter((user) => ids.includes(user.userId) && user.tenantId === row?.[0]).map((user) => [user.userId, user.userId]))
}

/** A database with the tables of {@link manifest} and {@link permits}, as migrations and the module manager leave them. */
export async function worksDatabase(parts: Partial<EngineParts> = {}): Promise<Works> {
  const test = await testDatabase()
  const [release, other] = [new ReleaseEntities(manifest, sealer), new ReleaseEntities(permits, sealer)]
  await test.database.admin.query(`insert into opsflux.tenant (id, name) values ('${tenantA}', 'A'), ('${tenantB}', 'B') on conflict do nothing`)
  for (const { id, entities } of [manifest, permits]) await test.database.admin.query(createTables(schemaOf(id), entities))
  const engine = new EntityEngine(test.database, {
    lookups: { user: findUsers, company: knows(company), department: knows(department), file: knows(photo) }, releases: () => [release, other], ...parts,
  })
  return { ...test, engine, release, permits: other, [Symbol.asyncDispose]: () => test.close() }
}

/** The tables of entities with their protection, as one script. */
export function createTables(schema: string, entities: readonly EntityDeclaration[]): string {
  return [
    `create schema ${schema}`, `grant usage on schema ${schema} to opsflux_app`, `set search_path to ${schema}`, ...createStatements(entities),
    ...tablesOf(entities).flatMap(({ name }) => protect(`${schema}.${name}`)), 'reset search_path',
  ].join(';\n')
}

const ofTenant = "(tenant_id = (select current_setting('opsflux.tenant')::uuid))"
const protect = (table: string): string[] => [
  `alter table ${table} enable row level security`, `alter table ${table} force row level security`,
  `create policy tenant_isolation on ${table} to opsflux_app using ${ofTenant} with check ${ofTenant}`, `grant select, insert, update, delete on ${table} to opsflux_app`,
]
