import { OpsFluxError, type HookEvent, type Json, type Page } from '@opsflux/sdk'
import { sql } from 'kysely'
import pg from 'pg'
import type { DatabaseTransaction } from '../database/index.ts'
import { Ability } from './ability.ts'
import { selectGroups } from './aggregate-query.ts'
import { toRecord } from './columns.ts'
import { conditionsOf, isObject } from './conditions.ts'
import { writeError } from './database-errors.ts'
import type { Actor, AggregateGroup, EntityAggregate, EntityQuery, EntityTransaction, EntityWhere, HookCaller, Row, Seen } from './entity-transaction.ts'
import { countRows, selectPage } from './list-query.ts'
import { createRecord, removeRecord, transitionRecord, updateRecord, type Writing } from './record-writer.ts'
import type { UserLookup } from './reference-checks.ts'
import type { ReleaseEntities, ReleaseEntity } from './release-entities.ts'
import { Turns } from './turns.ts'
import { isUuid } from './uuid.ts'

/** What the sessions of one transaction share. */
export interface SessionContext {
  transaction: DatabaseTransaction
  release: ReleaseEntities
  actor: Actor
  hooks: HookCaller | undefined
  findUsers: UserLookup
  /** Set when PostgreSQL has given the transaction up: its commit would roll back without a word. */
  state: { broken?: unknown }
}

// A hook that writes calls the hooks of what it writes.
const maxDepth = 5

/** {@link EntityTransaction}: one for the caller, and one more below it for every hook that runs. */
export class EntitySession implements EntityTransaction {
  readonly actor: Actor
  readonly #context: SessionContext
  readonly #ability: Ability
  readonly #turns = new Turns()
  readonly #depth: number
  readonly #savepoints: boolean

  /** @param options `savepoints`: a failed write is undone alone and the transaction goes on; two statements more per write */
  constructor(context: SessionContext, options: { savepoints: boolean; depth?: number }) {
    this.actor = context.actor
    this.#context = context
    this.#ability = new Ability(context.release.pluginId, context.actor)
    this.#depth = options.depth ?? 0
    this.#savepoints = options.savepoints
  }

  list(entity: string, query: EntityQuery = {}): Promise<Page<Row>> {
    return this.#read(entity, (one) => selectPage(this.#context.transaction, one, this.#ability.condition('view'), query))
  }

  async find(entity: string, query: EntityQuery = {}): Promise<Row[]> {
    return (await this.list(entity, query)).data
  }

  findOne(entity: string, id: string): Promise<Row | undefined> {
    return this.#read(entity, async (one) => {
      const visible = this.#ability.condition('view')
      if (typeof id !== 'string' || !isUuid(id)) return undefined
      const { rows: [row] } = await sql<Record<string, unknown>>`select ${one.selection} from ${one.table} where id = ${id}::uuid and ${visible}`.execute(this.#context.transaction)
      return row && toRecord(one.list, row)
    })
  }

  count(entity: string, where?: EntityWhere): Promise<number> {
    return this.#read(entity, (one) => countRows(this.#context.transaction, one, [this.#ability.condition('view'), ...conditionsOf(one, where)]))
  }

  aggregate(entity: string, aggregate: EntityAggregate): Promise<AggregateGroup[]> {
    return this.#read(entity, (one) => selectGroups(this.#context.transaction, one, this.#ability.condition('view'), aggregate))
  }

  create(entity: string, input: Json): Promise<Row> {
    return this.#write(entity, (one, writing) => createRecord(writing, one, input))
  }

  update(entity: string, id: string, changes: Json, seen: Seen = {}): Promise<Row> {
    return this.#write(entity, (one, writing) => updateRecord(writing, one, id, changes, seen))
  }

  remove(entity: string, id: string, seen: Seen = {}): Promise<void> {
    return this.#write(entity, (one, writing) => removeRecord(writing, one, id, seen))
  }

  transition(entity: string, id: string, name: string, seen: Seen = {}): Promise<Row> {
    return this.#write(entity, (one, writing) => transitionRecord(writing, one, id, name, seen))
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

  /** Refuses further calls, and answers when those under way have ended. */
  userNames(userIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.use((transaction) => this.#context.findUsers(transaction, userIds))
  }

  close(): Promise<void> {
    return this.#turns.close()
  }

  #read<T>(name: string, work: (entity: ReleaseEntity) => Promise<T>): Promise<T> {
    return this.use(async () => work(this.#context.release.entity(name)))
  }

  #write<T>(name: string, work: (entity: ReleaseEntity, writing: Writing) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const entity = this.#context.release.entity(name)
      const { transaction, release, actor, findUsers } = this.#context
      const writing: Writing = { transaction, release, actor, findUsers, ability: this.#ability, callHook: (one, event, payload) => this.#callHook(one, event, payload) }
      try {
        return await (this.#savepoints ? this.#undoable(() => work(entity, writing)) : work(entity, writing))
      } catch (error) {
        throw writeError(release, entity, this.#savepoints ? error : this.#broken(error))
      }
    })
  }

  async #undoable<T>(work: () => Promise<T>): Promise<T> {
    const { transaction, state } = this.#context
    const name = sql.id(`write_${this.#depth}`)
    await sql`savepoint ${name}`.execute(transaction)
    try {
      const result = await work()
      await sql`release savepoint ${name}`.execute(transaction)
      return result
    } catch (error) {
      await sql`rollback to savepoint ${name}`.execute(transaction)
      delete state.broken
      throw error
    }
  }

  async #callHook(entity: ReleaseEntity, event: HookEvent, payload: Json): Promise<Json> {
    if (!entity.hooks.has(event)) return payload
    const { hooks, release } = this.#context
    if (!hooks) throw new OpsFluxError('plugin-stopped', `${release.pluginId} checks every change of ${entity.name}, and its code does not run now. Try again later.`)
    if (this.#depth === maxDepth) throw new OpsFluxError('plugin-failed', `The hooks of ${release.pluginId} call each other more than ${maxDepth} deep.`)
    const below = new EntitySession(this.#context, { savepoints: true, depth: this.#depth + 1 })
    try {
      const answer = await hooks(entity.name, event, payload, below)
      const changes = event === 'beforeCreate' || event === 'beforeUpdate'
      if (changes && !isObject(answer)) throw new OpsFluxError('plugin-failed', `${event} of ${entity.name} in ${release.pluginId} must answer the values to go on with.`)
      return answer
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
