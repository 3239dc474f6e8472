import { field, type EntityDeclaration, type FieldDeclaration, type Fields, type PluginManifest } from '@opsflux/sdk'
import { sql } from 'kysely'
import { schemaOf } from '../plugin-schema/names.ts'
import { testDatabase, type TestDatabase } from '../testing.ts'
import { columnsOf, snakeCase } from './columns.ts'
import { EntityEngine } from './entity-engine.ts'
import type { Actor } from './entity-transaction.ts'
import { ReleaseEntities } from './release-entities.ts'
import { uuidV7 } from './uuid.ts'

export const manifest: PluginManifest = {
  formatVersion: 1, id: 'test-works', version: '1.0.0', publisher: 'test', name: 'Works', summary: '', icon: 'hammer', category: 'test', sdk: '^1.0.0',
  capabilities: [], dependencies: {}, permissions: [], menus: [], routes: [], migrations: [], locales: [],
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
  ],
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

export interface Works extends TestDatabase {
  engine: EntityEngine
  release: ReleaseEntities
}

/** A database with the tables of {@link manifest}, as migrations and the module manager leave them. */
export async function worksDatabase(): Promise<Works> {
  const test = await testDatabase()
  const schema = schemaOf(manifest.id)
  await test.database.admin.query(`create schema ${schema}; grant usage on schema ${schema} to opsflux_app`)
  for (const entity of manifest.entities) await test.database.admin.query(createTable(schema, entity))
  const users = [alice, bob, carol]
  const engine = new EntityEngine(test.database, async (transaction, ids) => {
    const { rows: [row] } = await sql<{ tenant: string }>`select current_setting('opsflux.tenant') as tenant`.execute(transaction)
    return new Map(users.filter((user) => ids.includes(user.userId) && user.tenantId === row?.tenant).map((user) => [user.userId, user.userId]))
  })
  return { ...test, engine, release: new ReleaseEntities(manifest), [Symbol.asyncDispose]: () => test.close() }
}

const types: Record<string, string> = {
  text: 'text', integer: 'bigint', boolean: 'boolean', date: 'date', datetime: 'timestamptz', enum: 'text', json: 'jsonb', user: 'uuid', decimal: 'numeric(10, 2)',
}

function createTable(schema: string, entity: EntityDeclaration): string {
  const table = `${schema}.${snakeCase(entity.name)}`
  const declared = [...columnsOf(entity).values()].filter((column) => column.declaration).map(({ name, kind, declaration }) => [
    name, kind === 'reference' ? `uuid references ${schema}.${snakeCase(declaration?.entity ?? '')} (id)` : kind === 'string' ? `varchar(${declaration?.maxLength ?? 255})` : types[kind], declaration?.required === true ? 'not null' : '',
    kind === 'enum' ? `check (${name} in (${(declaration?.values ?? []).map((value) => `'${value}'`).join()}))` : '',
  ].join(' '))
  const unique = [...columnsOf(entity).values()].filter((column) => column.declaration?.unique === true).map((column) => `unique (tenant_id, ${column.name})`)
  return `create table ${table} (
    id uuid primary key default gen_random_uuid(), tenant_id uuid not null, revision integer not null default 1,
    created_at timestamptz not null default now(), created_by uuid, updated_at timestamptz not null default now(), updated_by uuid,
    ${[...(entity.states ? ["state text not null default 'draft'"] : []), ...declared, ...unique].join(',\n    ')});
  alter table ${table} enable row level security;
  alter table ${table} force row level security;
  create policy tenant_isolation on ${table} to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
  grant select, insert, update, delete on ${table} to opsflux_app;`
}
