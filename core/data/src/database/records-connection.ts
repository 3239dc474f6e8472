import type pg from 'pg'
import { Batch, type TextRow } from './batch.ts'
import { databaseFault } from './database-fault.ts'
import { passGate } from './plugin-gate.ts'
import { hasSqlState } from './roles.ts'
import { sql, toStatement, type Sql, type Statement } from './sql.ts'

/** On whose behalf the statements of a transaction run. Tenant and user are UUIDs. */
export interface TransactionActor {
  tenantId: string
  userId: string
  /** The plugin whose tables the transaction uses: then it waits while they are being changed, and never fails for it. */
  pluginId?: string
}

/**
 * A transaction of one tenant and user. Statements wait in a queue until an answer is needed and go out together in one round trip.
 * After an error PostgreSQL refuses all further ones.
 */
export interface DatabaseTransaction {
  /** Sends what is queued and this statement. Answers its rows, columns by position, in PostgreSQL's text format (UTC, ISO). */
  texts(statement: Sql): Promise<TextRow[]>
  /** Sends several at once; answers the rows of each. `last`: commits in the same round trip, and nothing may follow. */
  many(statements: readonly Sql[], options?: { last?: boolean }): Promise<TextRow[][]>
  /** Sent with the next statement, or with the commit. */
  queue(statement: Sql): void
}

const begin: Statement = { text: 'begin', values: [] }
const commit: Statement = { text: 'commit', values: [] }

/**
 * Runs `work` for an actor on a connection of the pool; commits when it ends, rolls back when it throws. Once more, on another connection,
 * when a prepared statement no longer fits tables that were changed since and nothing had been answered yet.
 */
export async function runTransaction<T>(pool: pg.Pool, actor: TransactionActor, work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  const transaction = new PooledTransaction(client, settingsOf(actor))
  try {
    const result = await work(transaction)
    await transaction.commit()
    client.release()
    return result
  } catch (error) {
    const isUsable = await transaction.rollBack()
    client.release(!isUsable || isStalePlan(error))
    if (!isStalePlan(error) || transaction.hasAnswered) throw error
  }
  return runTransaction(pool, actor, work)
}

// "cached plan must not change result type".
const isStalePlan = (error: unknown): boolean => hasSqlState(error, '0A000') && error instanceof Error && error.message.includes('cached plan')

function settingsOf({ tenantId, userId, pluginId }: TransactionActor): Statement {
  const gate = pluginId === undefined ? sql.raw('') : sql`, ${passGate(pluginId)}`
  return toStatement(sql`select set_config('opsflux.tenant', ${tenantId}, true), set_config('opsflux.user', ${userId}, true)${gate}`)
}

class PooledTransaction implements DatabaseTransaction {
  readonly #client: pg.PoolClient
  #queued: Statement[]
  #state: 'new' | 'open' | 'ended' = 'new'
  hasAnswered = false

  constructor(client: pg.PoolClient, settings: Statement) {
    this.#client = client
    this.#queued = [settings]
  }

  async texts(statement: Sql): Promise<TextRow[]> {
    const [rows = []] = await this.many([statement])
    return rows
  }

  async many(statements: readonly Sql[], { last = false }: { last?: boolean } = {}): Promise<TextRow[][]> {
    if (this.#state === 'ended') throw new Error('The transaction has ended.')
    // Statements up to one Sync are one transaction by themselves (PostgreSQL 54.2.3): if it is all in one, no `begin` is needed.
    const opening = this.#state === 'new' && !last ? [begin] : []
    const closing = this.#state === 'open' && last ? [commit] : []
    const before = [...opening, ...this.#take()]
    if (!last) this.#state = 'open'
    const results = await Batch.run(this.#client, [...before, ...statements.map(toStatement), ...closing]).catch((error: unknown) => { throw databaseFault(error) })
    this.hasAnswered = true
    if (last) this.#state = 'ended'
    return results.slice(before.length, before.length + statements.length)
  }

  queue(statement: Sql): void {
    this.#queued.push(toStatement(statement))
  }

  async commit(): Promise<void> {
    if (this.#state === 'ended' || (this.#state === 'new' && this.#queued.length === 1)) return
    await this.many([], { last: true })
  }

  /** False when the connection cannot be used again. */
  async rollBack(): Promise<boolean> {
    if (this.#state !== 'open') return true
    this.#state = 'ended'
    return this.#client.query('rollback').then(() => true, () => false)
  }

  #take(): Statement[] {
    const queued = this.#queued
    this.#queued = []
    return queued
  }
}
