import type { CustomField, EntityDeclaration, PluginManifest } from '@opsflux/sdk'
import { PluginSchemas } from '../plugin-schema/plugin-schemas.ts'
import { testDatabase, type TestDatabase } from '../testing.ts'
import { EntityEngine } from './entity-engine.ts'
import type { Actor } from './entity-transaction.ts'
import { ReleaseEntities } from './release-entities.ts'
import { uuidV7 } from './uuid.ts'

const asset: EntityDeclaration = {
  name: 'asset', fields: { title: { kind: 'string', required: true } }, display: 'title',
  features: { audit: true, comments: false, attachments: false, versions: false, search: false, softDelete: true, customFields: true },
}
export const manifest: PluginManifest = {
  formatVersion: 1, id: 'test-assets', version: '1.0.0', publisher: 'test', name: 'Assets', summary: '', icon: 'box', category: 'test', sdk: '^1.1.0',
  capabilities: [], dependencies: {}, permissions: [], menus: [], hooks: {}, routes: [], migrations: [], locales: [], entities: [asset],
}
export const alice: Actor = { tenantId: uuidV7(), userId: uuidV7(), locale: 'en', permissions: ['*'] }
export const carol: Actor = { tenantId: uuidV7(), userId: uuidV7(), locale: 'en', permissions: ['*'] }

/** One field of every kind, named by it. */
export const fieldOfKind = (kind: CustomField['kind'], rules: Partial<CustomField> = {}): CustomField => (
  { id: uuidV7(), pluginId: manifest.id, entity: 'asset', name: kind === 'enum' ? 'choice' : `${kind}Value`, kind, label: { en: kind }, position: 0, ...rules })

export interface Assets extends TestDatabase {
  schemas: PluginSchemas
  engine: EntityEngine
  release: ReleaseEntities
  /** By tenant; tests put others there. */
  fields: Map<string, readonly CustomField[]>
}

/** A plugin with one entity that takes custom fields, installed as the module manager does. */
export async function assetsDatabase(): Promise<Assets> {
  const test = await testDatabase()
  const schemas = new PluginSchemas(test.database)
  const staged = await schemas.stage(manifest.id, { installation: { version: '1.0.0', digest: 'x', source: 'file', state: 'active', manifest: { id: manifest.id }, granted: [], changedBy: 'test' } })
  await schemas.change({ pluginId: manifest.id, up: [{ id: '0001-init', upSql: assetTable, downSql: 'drop table asset' }], down: [] }, staged)
  for (const { tenantId } of [alice, carol]) await test.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'Tenant')", [tenantId])
  const fields = new Map<string, readonly CustomField[]>()
  const none: readonly CustomField[] = []
  const engine = new EntityEngine(test.database, {
    lookups: { user: async (_transaction, ids, actor) => new Map(ids.filter((id) => id === actor.userId).map((id) => [id, id])) },
    customFieldsOf: async (tenantId) => fields.get(tenantId) ?? none,
  })
  return { ...test, schemas, engine, release: new ReleaseEntities(manifest), fields, [Symbol.asyncDispose]: () => test.close() }
}

const assetTable = `
  create table asset (
    id uuid primary key default gen_random_uuid(), tenant_id uuid not null, revision integer not null default 1,
    created_at timestamptz not null default now(), created_by uuid, updated_at timestamptz not null default now(), updated_by uuid,
    deleted_at timestamptz, deleted_by uuid, custom jsonb not null default '{}', title varchar(255) not null
  );
  create index asset_tenant on asset (tenant_id, id)`
