import { OpsFluxError, type HookEvent, type Json, type TransitionDeclaration } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import type { DatabaseTransaction } from '../database/index.ts'
import type { Ability } from './ability.ts'
import { parameter, toRecord, type Column } from './columns.ts'
import { isObject } from './conditions.ts'
import type { Actor, Row, Seen } from './entity-transaction.ts'
import { checkReferences, type UserLookup } from './reference-checks.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { isUuid, uuidV7 } from './uuid.ts'
import { validationFailed } from './validator.ts'
import { withDefaults } from './values-of-fields.ts'

/** What a write needs. */
export interface Writing {
  transaction: DatabaseTransaction
  release: ReleaseEntities
  actor: Actor
  ability: Ability
  findUsers: UserLookup
  /** Answers `payload` when the release declares no such hook. */
  callHook(entity: ReleaseEntity, event: HookEvent, payload: Json): Promise<Json>
}

type Values = { [field: string]: Json }

export async function createRecord(writing: Writing, entity: ReleaseEntity, input: Json): Promise<Row> {
  writing.ability.require('create')
  const answered = await writing.callHook(entity, 'beforeCreate', objectOf(input))
  const values = withDefaults(entity.declaration.fields, objectOf(answered))
  entity.validateInput(values)
  await checkReferences(writing.transaction, writing.release, entity, values, writing.findUsers)
  return insert(writing, entity, values)
}

export async function updateRecord(writing: Writing, entity: ReleaseEntity, id: string, changes: Json, seen: Seen): Promise<Row> {
  const record = await lock(writing, entity, id, 'edit', seen)
  const asked = objectOf(changes)
  const answered = entity.hooks.has('beforeUpdate') ? await writing.callHook(entity, 'beforeUpdate', { record, changes: asked }) : asked
  const values = objectOf(answered)
  entity.validateChanges(values)
  if (Object.keys(values).length === 0) return record
  await checkReferences(writing.transaction, writing.release, entity, values, writing.findUsers)
  return save(writing, entity, record, assignments(entity, values))
}

export async function removeRecord(writing: Writing, entity: ReleaseEntity, id: string, seen: Seen): Promise<void> {
  const record = await lock(writing, entity, id, 'delete', seen)
  await writing.callHook(entity, 'beforeDelete', record)
  await sql`delete from ${entity.table} where id = ${id}::uuid`.execute(writing.transaction)
}

export async function transitionRecord(writing: Writing, entity: ReleaseEntity, id: string, name: string, seen: Seen): Promise<Row> {
  const transition = transitionOf(entity, name)
  const record = await lock(writing, entity, id, transition.action ?? 'edit', seen)
  const from: readonly string[] = typeof transition.from === 'string' ? [transition.from] : transition.from
  if (!from.includes(String(record['state']))) {
    throw new OpsFluxError('conflict', `"${name}" starts from ${from.join(' or ')}; this ${entity.name} is ${String(record['state'])}.`, { data: { state: record['state'] ?? null } })
  }
  await writing.callHook(entity, 'beforeTransition', { record, transition: name, to: transition.to })
  return save(writing, entity, record, [sql`state = ${transition.to}`])
}

function transitionOf(entity: ReleaseEntity, name: string): TransitionDeclaration {
  const transitions = entity.declaration.states?.transitions ?? {}
  const transition = Object.hasOwn(transitions, name) ? transitions[name] : undefined
  if (!transition) throw new OpsFluxError('not-found', `${entity.name} has no transition "${name.slice(0, 100)}".`)
  return transition
}

/** Reads the record and keeps others from changing it until the transaction ends. @throws not-found, forbidden, stale-record */
async function lock(writing: Writing, entity: ReleaseEntity, id: string, action: string, seen: Seen): Promise<Row> {
  writing.ability.require(action)
  const visible = writing.ability.condition('view')
  if (!isUuid(id)) throw notFound(entity)
  const { rows: [row] } = await sql<Record<string, unknown>>`select ${entity.selection} from ${entity.table}
    where id = ${id}::uuid and ${visible} for update`.execute(writing.transaction)
  if (!row) throw notFound(entity)
  const record = toRecord(entity.list, row)
  writing.ability.requireWith(action, record)
  if (seen.revision !== undefined && seen.revision !== record['revision']) throw stale(entity, record)
  return record
}

export function notFound(entity: ReleaseEntity): OpsFluxError {
  return new OpsFluxError('not-found', `There is no such ${entity.name}, or you may not see it.`)
}

function stale(entity: ReleaseEntity, record: Row): OpsFluxError {
  return new OpsFluxError('stale-record', `This ${entity.name} has changed since you read it. Read it again and repeat your change.`, { data: { revision: record['revision'] ?? null } })
}

async function insert(writing: Writing, entity: ReleaseEntity, values: Values): Promise<Row> {
  const { tenantId, userId } = writing.actor
  const now = new Date().toISOString()
  const given = givenColumns(entity, values)
  const initial = entity.declaration.states?.initial
  const names = ['id', 'tenant_id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', ...(initial === undefined ? [] : ['state'])]
  const system = [
    sql`${uuidV7()}::uuid`, sql`${tenantId}::uuid`, sql`1`, sql`${now}::timestamptz`, sql`${userId}::uuid`, sql`${now}::timestamptz`, sql`${userId}::uuid`,
    ...(initial === undefined ? [] : [sql`${initial}::text`]),
  ]
  const { rows: [row] } = await sql<Record<string, unknown>>`insert into ${entity.table}
    (${sql.join([...names.map((name) => sql.id(name)), ...given.map((column) => column.ref)])})
    values (${sql.join([...system, ...given.map((column) => parameter(column, values[column.field] ?? null))])})
    returning ${entity.selection}`.execute(writing.transaction)
  return toRecord(entity.list, row ?? {})
}

/** Grows the revision by one; a hook that saved the same record meanwhile has grown it too. */
async function save(writing: Writing, entity: ReleaseEntity, record: Row, sets: readonly RawBuilder<unknown>[]): Promise<Row> {
  const now = new Date().toISOString()
  const { rows: [row] } = await sql<Record<string, unknown>>`update ${entity.table}
    set ${sql.join([...sets, sql`revision = revision + 1`, sql`updated_at = ${now}::timestamptz`, sql`updated_by = ${writing.actor.userId}::uuid`])}
    where id = ${record['id']}::uuid and revision = ${record['revision']}::bigint
    returning ${entity.selection}`.execute(writing.transaction)
  if (!row) throw stale(entity, record)
  return toRecord(entity.list, row)
}

function assignments(entity: ReleaseEntity, values: Values): RawBuilder<unknown>[] {
  return givenColumns(entity, values).map((column) => sql`${column.ref} = ${parameter(column, values[column.field] ?? null)}`)
}

function givenColumns(entity: ReleaseEntity, values: Values): Column[] {
  return entity.list.filter((column) => column.declaration && Object.hasOwn(values, column.field))
}

function objectOf(value: Json): Values {
  if (!isObject(value)) throw validationFailed([{ path: '', code: 'type', message: 'Expected an object of fields.' }])
  return value
}
