import { OpsFluxError, type HistoryEntry, type Json, type Page } from '@opsflux/sdk'
import pg from 'pg'
import type { DatabaseTransaction } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import { abilityOf, type Ability } from './ability.ts'
import { selectGroups } from './aggregate-query.ts'
import { conditionsOf } from './conditions.ts'
import { withCustomFields } from './custom-entity.ts'
import { writeError } from './database-errors.ts'
import type { Actor, AggregateGroup, EngineParts, EntityAggregate, EntityQuery, EntityTransaction, EntityWhere, HookCaller, HookOutcome, Row, Seen } from './entity-transaction.ts'
import { expandedColumns, expansionOf } from './expand.ts'
import { selectHistory } from './history-query.ts'
import { allOf, binCondition, countRows, selectPage, type StoredPage } from './list-query.ts'
import { notFound } from './record-lock.ts'
import { purgeRecord, removeRecord, restoreRecord } from './record-removal.ts'
import { createRecord, transitionRecord, updateRecord } from './record-writer.ts'
import { relatedOf, type Related } from './related.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { seenBy, selectionOf } from './selection.ts'
import { StoredRecord } from './stored-record.ts'
import { Turns } from './turns.ts'
import { isUuid } from './uuid.ts'
import type { Writing } from './writing.ts'

/** What the sessions of one transaction share. */
export interface SessionContext {
  transaction: DatabaseTransaction
  actor: Actor
  parts: EngineParts
  /** In another transaction of the same actor, committed at once. */
  apart: Writing['apart']
  /** Plugins whose records were written. */
  changed: Set<string>
  /** After-hooks that led here one from the other; 0 for what a user does. */
  chain: number
  state: {
    /** Set when PostgreSQL has given the transaction up: its commit would roll back without a word. */
    broken?: unknown
  }
}

export interface SessionOptions {
  /** A failed write is undone alone and the transaction goes on. */
  savepoints: boolean
  /** The transaction has this one operation: its last statements bring the commit with them. */
  isWhole?: boolean
  depth?: number
}

// A hook that writes calls the hooks of what it writes.
const maxDepth = 5

/** {@link EntityTransaction}: one for the caller, and one more below it for every hook that runs. */
export class EntitySession implements EntityTransaction {
  readonly actor: Actor
  readonly release: ReleaseEntities
  readonly #context: SessionContext
  readonly #hooks: HookCaller | undefined
  readonly #ability: Ability
  readonly #options: SessionOptions
  readonly #turns: Turns

  constructor(context: SessionContext, release: ReleaseEntities, hooks: HookCaller | undefined, options: SessionOptions, turns = new Turns()) {
    this.actor = context.actor
    this.release = release
    this.#context = context
    this.#hooks = hooks
    this.#ability = abilityOf(release.pluginId, context.actor)
    this.#options = options
    this.#turns = turns
  }

  async list(entity: string, query: EntityQuery = {}): Promise<Page<Row>> {
    return (await this.page(entity, query)).toPage()
  }

  /** As `list`, to be written as JSON without being read. */
  page(entity: string, query: EntityQuery = {}): Promise<StoredPage> {
    return this.#read(entity, async (whole, transaction) => {
      if (query.deleted === true) this.#ability.require('delete', whole)
      const allowed = this.#ability.condition('view', whole)
      const one = this.#seen(whole)
      const tree = expansionOf(query.expand)
      const page = await selectPage(transaction, { entity: one, allowed, related: this.#related(), query, isLast: this.#options.isWhole === true && !tree })
      return tree ? page.with(await expandedColumns(this.#expanding(transaction), one, page.columns, page.rows, tree)) : page
    })
  }

  async findOne(entity: string, id: string): Promise<Row | undefined> {
    return (await this.one(entity, id))?.record()
  }

  /** As `findOne`, to be written as JSON without being read. */
  one(entity: string, id: string, query: Pick<EntityQuery, 'fields' | 'expand' | 'deleted'> = {}): Promise<StoredRecord | undefined> {
    return this.#read(entity, async (whole, transaction) => {
      if (query.deleted === true) this.#ability.require('delete', whole)
      const allowed = this.#ability.condition('view', whole)
      if (typeof id !== 'string' || !isUuid(id)) return undefined
      const one = this.#seen(whole)
      const { columns, sql: selected } = selectionOf(one, query.fields)
      const tree = expansionOf(query.expand)
      const statement = sql`select ${selected} from ${one.table} as record where record.id = ${id}::uuid and ${allowed}${sql.join(binCondition(whole, query.deleted).map((bin) => sql` and ${bin}`), '')}`
      const [[row] = []] = await transaction.many([statement], { last: this.#options.isWhole === true && !tree })
      if (!row) return undefined
      return new StoredRecord(tree ? await expandedColumns(this.#expanding(transaction), one, columns, [row], tree) : columns, row)
    })
  }

  count(entity: string, where?: EntityWhere): Promise<number> {
    return this.#read(entity, (whole, transaction) => {
      const allowed = this.#ability.condition('view', whole)
      return countRows(transaction, whole, [allowed, ...binCondition(whole), ...conditionsOf(this.#seen(whole), where, this.#related())])
    })
  }

  aggregate(entity: string, aggregate: EntityAggregate): Promise<AggregateGroup[]> {
    return this.#read(entity, (whole, transaction) => selectGroups(transaction, { entity: this.#seen(whole), allowed: this.#ability.condition('view', whole), related: this.#related(), aggregate }))
  }

  history(entity: string, id: string, query: { limit?: number; after?: string } = {}): Promise<Page<HistoryEntry>> {
    return this.#read(entity, async (whole, transaction) => {
      if (!whole.features.audit) throw new OpsFluxError('not-found', `${whole.name} keeps no history.`)
      const allowed = allOf([this.#ability.condition('view', whole), ...(this.#ability.may('delete', whole) ? [] : binCondition(whole))])
      const [found] = isUuid(id) ? await transaction.texts(sql`select 1 from ${whole.table} as record where record.id = ${id}::uuid and ${allowed}`) : []
      if (!found) throw notFound(whole)
      return selectHistory(transaction, this.#seen(whole), id, query)
    })
  }

  async create(entity: string, input: Json): Promise<Row> {
    return (await this.created(entity, input)).record()
  }

  created(entity: string, input: Json): Promise<StoredRecord> {
    return this.#write(entity, (one, writing) => createRecord(writing, one, input))
  }

  async update(entity: string, id: string, changes: Json, seen: Seen = {}): Promise<Row> {
    return (await this.updated(entity, id, changes, seen)).record()
  }

  updated(entity: string, id: string, changes: Json, seen: Seen): Promise<StoredRecord> {
    return this.#write(entity, (one, writing) => updateRecord(writing, one, id, changes, seen))
  }

  async remove(entity: string, id: string, seen: Seen = {}): Promise<void> {
    await this.#write(entity, (one, writing) => removeRecord(writing, one, id, seen))
  }

  async restore(entity: string, id: string, seen: Seen = {}): Promise<Row> {
    return (await this.restored(entity, id, seen)).record()
  }

  restored(entity: string, id: string, seen: Seen): Promise<StoredRecord> {
    return this.#write(entity, (one, writing) => restoreRecord(writing, one, id, seen))
  }

  async purge(entity: string, id: string, seen: Seen = {}): Promise<void> {
    await this.#write(entity, (one, writing) => purgeRecord(writing, one, id, seen))
  }

  async transition(entity: string, id: string, name: string, seen: Seen = {}): Promise<Row> {
    return (await this.transitioned(entity, id, name, seen)).record()
  }

  transitioned(entity: string, id: string, name: string, seen: Seen): Promise<StoredRecord> {
    return this.#write(entity, (one, writing) => transitionRecord(writing, one, id, name, seen))
  }

  userNames(userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.use((transaction) => this.#context.parts.lookups.user(transaction, userIds, this.actor))
  }

  beside(release: ReleaseEntities, hooks: HookCaller | undefined): EntitySession {
    return new EntitySession(this.#context, release, hooks, { ...this.#options, isWhole: false, savepoints: true }, this.#turns)
  }

  use<T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      try {
        return await work(this.#context.transaction)
      } catch (error) {
        throw this.#broken(error)
      }
    })
  }

  /** The entity as the actor sees it, with the custom fields of the tenant. @throws not-found */
  async seen(name: string): Promise<ReleaseEntity> {
    return this.#seen(await this.#entity(name))
  }

  /** Open pages are to be told of something that was not written through here. */
  noteChange(): void {
    this.#context.changed.add(this.release.pluginId)
  }

  /** Refuses further calls, and answers when those under way have ended. */
  close(): Promise<void> {
    return this.#turns.close()
  }

  async #entity(name: string): Promise<ReleaseEntity> {
    const entity = this.release.entity(name)
    const { parts, actor } = this.#context
    if (!entity.features.customFields || !parts.customFieldsOf) return entity
    return withCustomFields(entity, await parts.customFieldsOf(actor.tenantId, entity.pluginId, name), actor.tenantId)
  }

  #seen(entity: ReleaseEntity): ReleaseEntity {
    return seenBy(entity, this.#ability.readable(entity))
  }

  #related(): Related {
    return relatedOf(this.actor, this.release, () => this.#context.parts.releases?.() ?? [])
  }

  #expanding(transaction: DatabaseTransaction) {
    return { transaction, parts: this.#context.parts, actor: this.actor, related: this.#related() }
  }

  #read<T>(name: string, work: (entity: ReleaseEntity, transaction: DatabaseTransaction) => Promise<T>): Promise<T> {
    return this.use(async (transaction) => work(await this.#entity(name), transaction))
  }

  #write(name: string, work: (entity: ReleaseEntity, writing: Writing) => Promise<StoredRecord | void>): Promise<StoredRecord> {
    return this.#turns.take(async () => {
      const entity = await this.#entity(name)
      const writing = this.#writing()
      try {
        const stored = await (this.#options.savepoints ? this.#undoable(() => work(entity, writing)) : work(entity, writing))
        return stored ? stored.as(selectionOf(this.#seen(entity)).columns) : new StoredRecord([], [])
      } catch (error) {
        throw writeError(this.release, entity, this.actor.locale, this.#options.savepoints ? error : this.#broken(error))
      }
    })
  }

  #writing(): Writing {
    const { transaction, actor, parts, apart, changed, chain } = this.#context
    return {
      transaction, actor, parts, apart, chain, release: this.release, ability: this.#ability, related: this.#related(),
      isWhole: this.#options.isWhole === true && !this.#options.savepoints, now: new Date().toISOString(),
      hooks: { wants: (entity, event) => (this.#hooks ? this.#hooks.wants(entity, event) : this.release.entity(entity).hooks.has(event)), call: (entity, event, payload) => this.#callHooks(entity, event, payload) },
      noteChange: (pluginId) => changed.add(pluginId),
    }
  }

  async #undoable<T>(work: () => Promise<T>): Promise<T> {
    const { transaction, state } = this.#context
    const name = sql.id(`write_${this.#options.depth ?? 0}`)
    transaction.queue(sql`savepoint ${name}`)
    try {
      const result = await work()
      await transaction.texts(sql`release savepoint ${name}`)
      return result
    } catch (error) {
      await transaction.texts(sql`rollback to savepoint ${name}`)
      delete state.broken
      throw error
    }
  }

  async #callHooks(entity: ReleaseEntity, event: string, payload: Json): Promise<HookOutcome> {
    const depth = this.#options.depth ?? 0
    if (!this.#hooks) throw new OpsFluxError('plugin-stopped', `${this.release.pluginId} checks every change of ${entity.name}, and its code does not run now. Try again later.`)
    if (depth === maxDepth) throw new OpsFluxError('plugin-failed', `The hooks of ${this.release.pluginId} call each other more than ${maxDepth} deep.`)
    const below = new EntitySession(this.#context, this.release, this.#hooks, { savepoints: true, depth: depth + 1 })
    try {
      return await this.#hooks.call(entity.name, event, payload, below)
    } finally {
      await below.close()
    }
  }

  // After a statement has failed PostgreSQL refuses all further ones of the transaction.
  #broken(error: unknown): unknown {
    if (error instanceof pg.DatabaseError) this.#context.state.broken ??= error
    return error
  }
}
