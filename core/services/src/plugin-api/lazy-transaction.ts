import type { Actor, DatabaseTransaction, EntityAggregate, EntityQuery, EntityTransaction, EntityWhere, HookCaller, ReleaseEntities, Seen } from '@opsflux/data'
import { OpsFluxError, type Json } from '@opsflux/sdk'

/** Begins a transaction and runs the work in it: committed when it answers, rolled back when it throws. */
type Begin = (work: (transaction: EntityTransaction) => Promise<void>) => Promise<void>
type Use = <T>(work: (transaction: EntityTransaction) => Promise<T>) => Promise<T>

/**
 * Runs work with a transaction that begins at its first use and ends as the work does: whoever does not use it, or not yet,
 * because it waits for other servers, holds no connection to the database.
 */
export async function runLazily<T>(actor: Actor, begin: Begin, work: (transaction: EntityTransaction) => Promise<T>): Promise<T> {
  const transaction = new LazyTransaction(begin)
  let answer: T
  try {
    answer = await work(new ForwardingTransaction(actor, (use) => transaction.with(use)))
  } catch (error) {
    // It ends with this very error, which is thrown here.
    await transaction.end({ error }).catch(() => undefined)
    throw error
  }
  await transaction.end({})
  return answer
}

/** Whatever is asked of it goes to the transaction that `use` gives. */
class ForwardingTransaction implements EntityTransaction {
  readonly actor: Actor
  readonly #use: Use

  constructor(actor: Actor, use: Use) {
    this.actor = actor
    this.#use = use
  }

  list(entity: string, query?: EntityQuery) { return this.#use((transaction) => transaction.list(entity, query)) }
  findOne(entity: string, id: string) { return this.#use((transaction) => transaction.findOne(entity, id)) }
  count(entity: string, where?: EntityWhere) { return this.#use((transaction) => transaction.count(entity, where)) }
  aggregate(entity: string, aggregate: EntityAggregate) { return this.#use((transaction) => transaction.aggregate(entity, aggregate)) }
  history(entity: string, id: string, query?: { limit?: number; after?: string }) { return this.#use((transaction) => transaction.history(entity, id, query)) }
  create(entity: string, input: Json) { return this.#use((transaction) => transaction.create(entity, input)) }
  update(entity: string, id: string, changes: Json, seen?: Seen) { return this.#use((transaction) => transaction.update(entity, id, changes, seen)) }
  remove(entity: string, id: string, seen?: Seen) { return this.#use((transaction) => transaction.remove(entity, id, seen)) }
  restore(entity: string, id: string, seen?: Seen) { return this.#use((transaction) => transaction.restore(entity, id, seen)) }
  purge(entity: string, id: string, seen?: Seen) { return this.#use((transaction) => transaction.purge(entity, id, seen)) }
  transition(entity: string, id: string, name: string, seen?: Seen) { return this.#use((transaction) => transaction.transition(entity, id, name, seen)) }
  userNames(userIds: readonly string[]) { return this.#use((transaction) => transaction.userNames(userIds)) }
  use<T>(work: (transaction: DatabaseTransaction) => Promise<T>) { return this.#use((transaction) => transaction.use(work)) }
  beside(release: ReleaseEntities, hooks: HookCaller | undefined): EntityTransaction {
    return new ForwardingTransaction(this.actor, (work) => this.#use((transaction) => work(transaction.beside(release, hooks))))
  }
}

/** A transaction that begins when it is first used. */
class LazyTransaction {
  readonly #begin: Begin
  readonly #ended = Promise.withResolvers<void>()
  #isOver = false
  #begun: { transaction: Promise<EntityTransaction>; done: Promise<void> } | undefined

  constructor(begin: Begin) {
    this.#begin = begin
    // Nobody waits for it while the transaction has not begun.
    this.#ended.promise.catch(() => undefined)
  }

  /** Commits, or rolls back for `error`; nothing when it never began. */
  async end({ error }: { error?: unknown }): Promise<void> {
    this.#isOver = true
    if (error === undefined) this.#ended.resolve()
    else this.#ended.reject(error)
    await this.#begun?.done
  }

  async with<T>(work: (transaction: EntityTransaction) => Promise<T>): Promise<T> {
    if (this.#isOver) throw new OpsFluxError('conflict', 'This call came after its request had ended. Await every call to the database before answering.')
    this.#begun ??= this.#start()
    return work(await this.#begun.transaction)
  }

  #start(): { transaction: Promise<EntityTransaction>; done: Promise<void> } {
    const begun = Promise.withResolvers<EntityTransaction>()
    const done = this.#begin((transaction) => {
      begun.resolve(transaction)
      return this.#ended.promise
    })
    // Without a connection it never begins: whoever wanted it is told.
    done.catch(begun.reject)
    return { transaction: begun.promise, done }
  }
}
