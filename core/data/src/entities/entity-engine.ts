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
   * @param options `savepoints: false` when the work throws on every failed write; `isWhole` when it is one operation, which then commits by itself; `chain` as in the outbox
   */
  async run<T>(
    release: ReleaseEntities, actor: Actor, hooks: HookCaller | undefined, work: (session: EntitySession) => Promise<T>,
    { chain = 0, ...options }: Partial<SessionOptions> & { chain?: number } = {},
  ): Promise<T> {
    const on = { tenantId: actor.tenantId, userId: actor.userId, pluginId: release.pluginId }
    const changed = new Set<string>()
    const result = await this.#database.transaction(on, async (transaction) => {
      const context: SessionContext = {
        transaction, actor, parts: this.#parts, changed, chain, state: {},
        apart: (statements) => this.#database.transaction({ tenantId: actor.tenantId, userId: actor.userId }, statements),
      }
      return inSession(new EntitySession(context, release, hooks, { savepoints: true, ...options }), context, work)
    })
    if (changed.size > 0) this.#parts.onCommitted?.(actor.tenantId, changed)
    return result
  }

  /**
   * Writes down that records were asked for that the actor may not have, or that are not there for him: ids are not guessed by accident.
   * At most 60 a minute and user, so that nobody fills the audit trail with it.
   */
  async noteRefusals({ tenantId, userId }: Pick<Actor, 'tenantId' | 'userId'>, { pluginId, entity }: { pluginId: string; entity: string }, refusals: readonly Refusal[]): Promise<void> {
    const few = refusals.slice(0, maxRefusals)
    await this.#database.transaction({ tenantId, userId }, async (transaction) => {
      await transaction.many([sql`insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, reason, changes)
        select refused.id, ${tenantId}::uuid, now(), ${pluginId}, ${entity}, refused.record, 'refused', 0, ${userId}::uuid, refused.reason, '{}'
        from unnest(${few.map(() => uuidV7())}::uuid[], ${few.map(({ id }) => id)}::uuid[], ${few.map(({ reason }) => reason)}::text[]) as refused (id, record, reason)
        limit greatest(0, ${sql.raw(String(maxRefusals))} - (select count(*) from opsflux.audit_entry where tenant_id = ${tenantId}::uuid and at > now() - interval '1 minute' and action = 'refused' and user_id = ${userId}::uuid))`], { last: true })
    })
  }
}

/** A record that was asked for, and the code of the error that was answered. */
export interface Refusal { id: string; reason: string }

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
