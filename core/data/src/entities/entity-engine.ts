import type { Database } from '../database/index.ts'
import { EntitySession } from './entity-session.ts'
import type { Actor, EntityTransaction, HookCaller } from './entity-transaction.ts'
import type { UserLookup } from './reference-checks.ts'
import type { ReleaseEntities } from './release-entities.ts'

/** Reads and writes the records of plugins. */
export class EntityEngine {
  readonly #database: Database
  readonly #findUsers: UserLookup

  /** @param findUsers who may be the value of a `user` field */
  constructor(database: Database, findUsers: UserLookup) {
    this.#database = database
    this.#findUsers = findUsers
  }

  /**
   * Runs work in one transaction as the actor: committed when it answers, rolled back when it throws.
   * @param options `savepoints: false` when the work throws on every failed write: saves two statements each
   */
  run<T>(
    release: ReleaseEntities, actor: Actor, hooks: HookCaller | undefined, work: (transaction: EntityTransaction) => Promise<T>,
    options: { savepoints?: boolean } = {},
  ): Promise<T> {
    return this.#database.transaction({ tenantId: actor.tenantId, userId: actor.userId, pluginId: release.pluginId }, async (transaction) => {
      const state: { broken?: unknown } = {}
      const session = new EntitySession({ transaction, release, actor, hooks, findUsers: this.#findUsers, state }, { savepoints: options.savepoints ?? true })
      try {
        const result = await work(session)
        await session.close()
        if (state.broken !== undefined) throw state.broken
        return result
      } finally {
        await session.close()
      }
    })
  }
}
