import type { Database } from '../database/index.ts'
import { sql } from '../database/sql.ts'
import { EntitySession, type SessionContext, type SessionOptions } from './entity-session.ts'
import type { Actor, EngineParts, HookCaller } from './entity-transaction.ts'
import type { ReleaseEntities } from './release-entities.ts'
import { uuidV7 } from './uuid.ts'

/** Reads and writes the records of plugins. */
export class EntityEngine {
  readonly #database: Database
  readonly #parts: EngineParts

  constructor(database: Database, parts: EngineParts) {
    this.#database = database
    this.#parts = parts
  }

  /**
   * Runs work in one transaction as the actor: committed when it answers, rolled back when it throws.
   * @param options `savepoints: false` when the work throws on every failed write; `isWhole` when it is one operation, which then commits by itself
   */
  async run<T>(
    release: ReleaseEntities, actor: Actor, hooks: HookCaller | undefined, work: (session: EntitySession) => Promise<T>,
    options: Partial<SessionOptions> = {},
  ): Promise<T> {
    const on = { tenantId: actor.tenantId, userId: actor.userId, pluginId: release.pluginId }
    const changed = new Set<string>()
    const result = await this.#database.transaction(on, async (transaction) => {
      const context: SessionContext = {
        transaction, actor, parts: this.#parts, changed, state: {},
        apart: (statements) => this.#database.transaction({ tenantId: actor.tenantId, userId: actor.userId }, statements),
      }
      return inSession(new EntitySession(context, release, hooks, { savepoints: true, ...options }), context, work)
    })
    if (changed.size > 0) this.#parts.onCommitted?.(actor.tenantId, changed)
    return result
  }

  /**
   * Writes down that a record was asked for that the actor may not have, or that is not there for him: ids are not guessed by accident.
   * At most 60 a minute and user, so that nobody fills the audit trail with it.
   */
  async noteRefusal(actor: Actor, { pluginId, entity, id, reason }: { pluginId: string; entity: string; id: string; reason: string }): Promise<void> {
    const { tenantId, userId } = actor
    await this.#database.transaction({ tenantId, userId }, async (transaction) => {
      await transaction.many([sql`insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, reason, changes)
        select ${uuidV7()}::uuid, ${tenantId}::uuid, now(), ${pluginId}, ${entity}, ${id}::uuid, 'refused', 0, ${userId}::uuid, ${reason}, '{}'
        where (select count(*) from opsflux.audit_entry where tenant_id = ${tenantId}::uuid and at > now() - interval '1 minute' and action = 'refused' and user_id = ${userId}::uuid) < ${sql.raw(String(maxRefusals))}`], { last: true })
    })
  }
}

const maxRefusals = 60

async function inSession<T>(session: EntitySession, { state }: SessionContext, work: (session: EntitySession) => Promise<T>): Promise<T> {
  try {
    const result = await work(session)
    await session.close()
    if (state.broken !== undefined) throw state.broken
    return result
  } finally {
    await session.close()
  }
}
