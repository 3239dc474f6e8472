import { OpsFluxError, type FieldError, type Json, type TransitionDeclaration } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import { askHooks, throughHooks } from './before-hooks.ts'
import { changesOf, logStatement, type Change } from './change-log.ts'
import { conditionsOf, isObject } from './conditions.ts'
import { customAsStored } from './custom-entity.ts'
import type { Seen } from './entity-transaction.ts'
import { noteFilesOf } from './file-uses.ts'
import { linkStatements, withLinks } from './links.ts'
import { allOf } from './list-query.ts'
import { lockRecord, stale } from './record-lock.ts'
import { checkReferences } from './reference-checks.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { selectionOf } from './selection.ts'
import { numbersOf } from './sequences.ts'
import { StoredRecord } from './stored-record.ts'
import { uuidV7 } from './uuid.ts'
import { validationFailed } from './validator.ts'
import { withDefaults } from './values-of-fields.ts'
import type { Values, Writing } from './writing.ts'

export async function createRecord(writing: Writing, entity: ReleaseEntity, input: Json): Promise<StoredRecord> {
  const { ability, transaction } = writing
  ability.require('create', entity)
  const asked = objectOf(input)
  refuseUnwritable(writing, entity, asked, 'create')
  const hooked = await throughHooks(writing, entity, asked)
  const values = withDefaults(entity.declaration.fields, hooked.values)
  entity.validateInput(values)
  ability.requireCreate(entity, values)
  await checkReferences(writing, entity, values)
  const numbers = await numbersOf(writing, entity)
  const id = uuidV7()
  await noteFilesOf(writing, entity, id, values)
  const change: Change = { action: 'create', id, revision: 1, changes: changesOf(entity, undefined, { ...values, ...numbers }, hooked.changedBy), hooks: hooked.plugins }
  const [rows] = await transaction.many([insertOf(writing, entity, id, values, numbers), ...linkStatements(writing, entity, id, values), logStatement(writing, entity, change)], { last: writing.isWhole })
  return storedOf(entity, rows?.[0] ?? [], values)
}

export async function updateRecord(writing: Writing, entity: ReleaseEntity, id: string, changes: Json, seen: Seen): Promise<StoredRecord> {
  const asked = objectOf(changes)
  refuseUnwritable(writing, entity, asked, 'edit')
  const { stored, record } = await lockRecord(writing, entity, id, { action: 'edit', seen })
  const hooked = await throughHooks(writing, entity, asked, record)
  entity.validateChanges(hooked.values)
  const changed = changesOf(entity, record, hooked.values, hooked.changedBy)
  const values = Object.fromEntries(Object.keys(changed).map((field) => [field, hooked.values[field] ?? null]))
  if (Object.keys(values).length === 0) return stored
  writing.ability.requireMove(entity, record, values)
  await checkReferences(writing, entity, values, stored)
  await noteFilesOf(writing, entity, id, values)
  return save(writing, entity, stored, { action: 'update', changes: changed, hooks: hooked.plugins, values })
}

export async function transitionRecord(writing: Writing, entity: ReleaseEntity, id: string, name: string, seen: Seen): Promise<StoredRecord> {
  const transition = transitionOf(entity, name)
  const guard = transition.guard && sql`coalesce(${allOf(conditionsOf(entity, transition.guard as Values, writing.related))}, false)`
  const { stored, record, isGuardMet } = await lockRecord(writing, entity, id, { action: transition.action ?? 'edit', seen, ...(guard ? { guard } : {}) })
  const from: readonly string[] = typeof transition.from === 'string' ? [transition.from] : transition.from
  const state = String(record['state'])
  if (!from.includes(state)) throw new OpsFluxError('conflict', `"${name}" starts from ${from.join(' or ')}; this ${entity.name} is ${state}.`, { data: { state } })
  if (!isGuardMet) throw new OpsFluxError('conflict', `"${name}" takes that ${Object.keys(transition.guard ?? {}).join(', ')} meet what this ${entity.name} must be for it. Fill in what is missing first.`, { data: { fields: Object.keys(transition.guard ?? {}) } })
  const hooks = await askHooks(writing, entity, 'beforeTransition', { record, transition: name, to: transition.to })
  return save(writing, entity, stored, { action: 'transition', transition: name, changes: { state: { from: state, to: transition.to } }, hooks, values: {}, sets: [sql`state = ${transition.to}`] })
}

function transitionOf(entity: ReleaseEntity, name: string): TransitionDeclaration {
  const transitions = entity.declaration.states?.transitions ?? {}
  const transition = Object.hasOwn(transitions, name) ? transitions[name] : undefined
  if (!transition) throw new OpsFluxError('not-found', `${entity.name} has no transition "${name.slice(0, 100)}".`)
  return transition
}

export interface Saving extends Pick<Change, 'action' | 'transition' | 'changes' | 'hooks' | 'record'> {
  values: Values
  /** Assignments beside those of the values. */
  sets?: readonly Sql[]
}

/** Grows the revision by one; a hook that saved the same record meanwhile has grown it too. */
export async function save(writing: Writing, entity: ReleaseEntity, stored: StoredRecord, { values, sets = [], ...change }: Saving): Promise<StoredRecord> {
  const { id, revision } = stored
  const update = sql`update ${entity.table} as record
    set ${sql.join([...sets, ...assignments(entity, values), sql`revision = record.revision + 1`, sql`updated_at = ${writing.now}::timestamptz`, sql`updated_by = ${writing.actor.userId}::uuid`])}
    where record.id = ${id}::uuid and record.revision = ${revision}::integer
    returning ${selectionOf(entity).sql}`
  const others = [...linkStatements(writing, entity, id, values, { isNew: false }), logStatement(writing, entity, { ...change, id, revision: revision + 1 })]
  // The record is locked: nobody but a hook can have changed it. Then the answer is looked at before anything is committed.
  const isCertain = (change.hooks ?? []).length === 0
  const [rows] = await writing.transaction.many(isCertain ? [update, ...others] : [update], { last: isCertain && writing.isWhole })
  const row = rows?.[0]
  if (!row) throw stale(entity, revision)
  if (!isCertain) for (const statement of others) writing.transaction.queue(statement)
  return storedOf(entity, row, values)
}

function storedOf(entity: ReleaseEntity, row: readonly (string | null)[], values: Values): StoredRecord {
  const { columns } = selectionOf(entity)
  return new StoredRecord(columns, withLinks(entity, columns, row, values))
}

function insertOf(writing: Writing, entity: ReleaseEntity, id: string, values: Values, numbers: Readonly<Record<string, string>>): Sql {
  const { actor: { tenantId, userId }, now } = writing
  const initial = entity.declaration.states?.initial
  const system = [
    ['id', sql`${id}::uuid`], ['tenant_id', sql`${tenantId}::uuid`], ['revision', sql`1`], ['created_at', sql`${now}::timestamptz`], ['created_by', sql`${userId}::uuid`],
    ['updated_at', sql`${now}::timestamptz`], ['updated_by', sql`${userId}::uuid`], ...(initial === undefined ? [] : [['state', sql`${initial}`] as const]),
  ] as const
  const numbered = entity.list.flatMap(({ field, name }) => (numbers[field] === undefined ? [] : [{ name, value: sql`${numbers[field]}` }]))
  const given = [...columnsWritten(entity, values), ...numbered]
  return sql`insert into ${entity.table} as record (${sql.join([...system.map(([name]) => sql.id(name)), ...given.map(({ name }) => sql.id(name))])})
    values (${sql.join([...system.map(([, value]) => value), ...given.map(({ value }) => value)])}) returning ${selectionOf(entity).sql}`
}

function assignments(entity: ReleaseEntity, values: Values): Sql[] {
  return columnsWritten(entity, values).map(({ name, value }) => (name === 'custom' ? sql`custom = jsonb_strip_nulls(record.custom || ${value})` : sql`${sql.id(name)} = ${value}`))
}

function columnsWritten(entity: ReleaseEntity, values: Values): { name: string; value: Sql }[] {
  return entity.list.filter(({ field }) => Object.hasOwn(values, field))
    .flatMap((column) => column.writes(column.field === 'custom' ? customAsStored(entity, values['custom'] ?? {}) : values[column.field] ?? null))
    .map(({ name, value, type }) => ({ name, value: sql`${value}::${sql.raw(type)}` }))
}

/** Hooks may write what a user may not. */
function refuseUnwritable({ ability }: Writing, entity: ReleaseEntity, values: Values, action: 'create' | 'edit'): void {
  const writable = ability.writable(entity, action)
  const errors = Object.keys(values).filter((field) => entity.columns.has(field) && entity.columns.get(field)?.isWritable === true && !writable.has(field))
    .map((field): FieldError => ({ path: `/${field}`, code: 'forbidden', message: 'You may not change this field.' }))
  if (errors.length > 0) throw new OpsFluxError('forbidden', `You may not write ${errors.map(({ path }) => path.slice(1)).join(', ')}. Leave it out, or ask an administrator.`, { data: { errors: errors.map((error) => ({ ...error })) } })
}

function objectOf(value: Json): Values {
  if (!isObject(value)) throw validationFailed([{ path: '', code: 'type', message: 'Expected an object of fields.' }])
  return value
}
