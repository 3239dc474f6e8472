import { randomUUID } from 'node:crypto'
import { EntityEngine, handleEntityRequest, ReleaseEntities, type Actor, type EntityResponse } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { field, type EntityDeclaration, type FieldDeclaration, type Fields, type Json, type PluginManifest } from '@opsflux/sdk'
import { fileMigrations, findFiles, noteFileUses } from '../files/index.ts'
import { forgetRecord } from './forget.ts'
import { recordMigrations } from './migrations.ts'
import { recordParts } from './parts.ts'

const declarations = (fields: Fields): Record<string, FieldDeclaration> => fields
const features = { audit: true, comments: true, attachments: true, versions: true, search: false, softDelete: true, customFields: true }

/** A record with everything a record can have, and one without. */
const incident: EntityDeclaration = {
  name: 'incident', display: 'title', features, scopes: { company: 'site' },
  fields: declarations({
    title: field.string({ required: true }), people: field.integer(), doubled: field.computed('integer', 'people * 2'), happenedAt: field.datetime(), site: field.company({ read: 'manage' }),
    cost: field.integer({ read: 'manage', write: 'manage' }), photo: field.file(), pin: field.encrypted(),
  }),
  states: { initial: 'draft', values: ['draft', 'closed'], transitions: { close: { from: 'draft', to: 'closed' } } },
}
const plain: EntityDeclaration = { name: 'plain', fields: declarations({ title: field.string() }), features: { ...features, comments: false, attachments: false, versions: false } }

const manifest: PluginManifest = {
  formatVersion: 1, id: 'test-incidents', version: '1.0.0', publisher: 'test', name: 'Incidents', summary: '', icon: 'flame', category: 'test', sdk: '^1.1.0',
  capabilities: [], dependencies: {}, permissions: [], menus: [], routes: [], migrations: [], locales: [], hooks: {}, entities: [incident, plain],
}

export const sites = { north: randomUUID(), south: randomUUID() }
const [tenantA, tenantB] = [randomUUID(), randomUUID()]
const actorOf = (tenantId: string, ...permissions: string[]): Actor => ({ tenantId, userId: randomUUID(), locale: 'en', permissions: permissions.map((one) => (one === '*' ? one : `${manifest.id}.${one}`)) })

export const people = {
  admin: actorOf(tenantA, '*'), editor: actorOf(tenantA, 'view.all', 'edit.all', 'create.all'), reader: actorOf(tenantA, 'view.all'), stranger: actorOf(tenantA),
  north: { ...actorOf(tenantA, 'view.all'), places: [{ companyId: sites.north, departmentIds: [], permissions: [`${manifest.id}.edit.company`, `${manifest.id}.manage.company`] }] },
  foreigner: actorOf(tenantB, '*'),
}

export interface Answer { status: number; headers: Record<string, string>; body: { [member: string]: Json } }

/** Tables, engine and REST of these entities. */
export class RecordScene {
  readonly test: TestDatabase
  readonly engine: EntityEngine
  readonly release = new ReleaseEntities(manifest, { seal: (text) => `sealed:${text}`, open: (sealed) => sealed.slice('sealed:'.length) })

  private constructor(test: TestDatabase) {
    this.test = test
    const names = new Map(Object.entries(people).map(([name, { userId }]) => [userId, name]))
    this.engine = new EntityEngine(test.database, {
      lookups: { user: async (_, ids) => new Map(ids.flatMap((id) => { const name = names.get(id); return name === undefined ? [] : [[id, name] as const] })), company: async (_, ids) => new Map(ids.map((id) => [id, 'Site'])), file: findFiles },
      noteFiles: noteFileUses, forgetRecord,
    })
  }

  static async start(): Promise<RecordScene> {
    const test = await testDatabase({ kernelMigrations: [...fileMigrations(), ...recordMigrations()] })
    await test.database.admin.query(`insert into opsflux.tenant (id, name) values ('${tenantA}', 'A'), ('${tenantB}', 'B'); create schema p_test_incidents; grant usage on schema p_test_incidents to opsflux_app`)
    await test.database.admin.query(tableOf('incident', `title varchar(255) not null, people bigint, doubled bigint generated always as (people * 2) stored, happened_at timestamptz, site uuid, cost bigint, photo uuid, pin text`, `state text not null default 'draft',`))
    await test.database.admin.query(tableOf('plain', 'title varchar(255)'))
    return new RecordScene(test)
  }

  async send(who: Actor, method: string, path: string, body?: Json, headers: Record<string, string> = {}): Promise<Answer> {
    const [address = '', query = ''] = path.split('?')
    const service = { engine: this.engine, release: this.release, hooks: undefined, subresources: recordParts }
    const answer: EntityResponse = await handleEntityRequest(service, who, { method, path: address.split('/'), query, headers, body })
    return { ...answer, body: JSON.parse(answer.text ?? '{}') as Answer['body'] }
  }

  /** An incident of the northern site. */
  async incident(values: { [field: string]: Json } = {}, who: Actor = people.admin): Promise<string> {
    return String((await this.send(who, 'POST', 'incident', { title: 'Leak', site: sites.north, ...values })).body['id'])
  }

  /** A file that somebody uploaded, as far as the database knows. */
  async file({ tenantId, userId }: Actor, name = 'photo.png'): Promise<string> {
    const { rows: [row] } = await this.test.database.admin.query<{ id: string }>(
      `insert into opsflux.file (id, tenant_id, name, type, bytes, sha256, created_by) values (gen_random_uuid(), $1, $2, 'image/png', 9, repeat('a', 64), $3) returning id`, [tenantId, name, userId])
    return row?.id ?? ''
  }

  async rows(statement: string): Promise<Record<string, unknown>[]> {
    return (await this.test.database.admin.query(statement)).rows as Record<string, unknown>[]
  }

  /** What the audit trail and the outbox say of a record: `incident.comment create`, `comment`. */
  async traces(id: string): Promise<{ audited: string[]; told: string[] }> {
    const audited = await this.rows(`select entity || ' ' || action as trace from opsflux.audit_entry where record_id = '${id}' and action <> 'refused' order by at, id`)
    const told = await this.rows(`select action as trace from opsflux.outbox where record_id = '${id}' order by position`)
    return { audited: audited.map((row) => String(row['trace'])), told: told.map((row) => String(row['trace'])) }
  }
}

function tableOf(name: string, fields: string, state = ''): string {
  const table = `p_test_incidents.${name}`
  return `create table ${table} (id uuid primary key default gen_random_uuid(), tenant_id uuid not null, revision integer not null default 1,
      created_at timestamptz not null default now(), created_by uuid, updated_at timestamptz not null default now(), updated_by uuid, deleted_at timestamptz, deleted_by uuid,
      custom jsonb not null default '{}', ${state} ${fields});
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy tenant_isolation on ${table} to opsflux_app using (tenant_id = current_setting('opsflux.tenant')::uuid) with check (tenant_id = current_setting('opsflux.tenant')::uuid);
    grant select, insert, update, delete on ${table} to opsflux_app`
}
