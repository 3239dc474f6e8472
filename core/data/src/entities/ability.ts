import { createMongoAbility, type MongoAbility } from '@casl/ability'
import { rulesToCondition } from '@casl/ability/extra'
import { OpsFluxError } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import type { Actor, Row } from './entity-transaction.ts'

const subject = 'record'

/** Conditions are made here alone, from scopes, and only compare for equality: JavaScript and SQL then agree on every row, null included. */
interface Conditions { createdBy?: string }
const conditionColumns: Record<keyof Conditions, string> = { createdBy: 'created_by' }

/**
 * What one user may do with the records of one plugin. The one place where rights on records are decided,
 * for a record in hand and for the rows of a statement.
 *
 * Scope `all` grants every record of the tenant, `own` those the user created; `company` and `department` grant nothing
 * as long as records belong to neither. Every action stands for itself: `manage` does not include the others.
 */
export class Ability {
  readonly #pluginId: string
  readonly #ability: MongoAbility

  constructor(pluginId: string, actor: Actor) {
    this.#pluginId = pluginId
    // CASL reads `manage` as "every action" unless told otherwise; `*` is no action a permission can name.
    this.#ability = createMongoAbility(rulesOf(pluginId, actor), { anyAction: '*', detectSubjectType: () => subject })
  }

  /** Whether the user may do this with some record, perhaps with none there is. */
  may(action: string): boolean {
    return this.#ability.can(action, subject)
  }

  mayWith(action: string, record: Row): boolean {
    return this.#ability.can(action, record)
  }

  /** @throws forbidden when no record can be had */
  require(action: string): void {
    if (!this.may(action)) throw forbidden(this.#pluginId, action)
  }

  /** @throws forbidden */
  requireWith(action: string, record: Row): void {
    if (!this.mayWith(action, record)) throw forbidden(this.#pluginId, action)
  }

  /** The same decision as a condition on rows. @throws forbidden when no record can be had */
  condition(action: string): RawBuilder<boolean> {
    const condition = rulesToCondition(this.#ability.rulesFor(action, subject), (rule) => conditionSql((rule.conditions ?? {}) as Conditions), {
      and: (all) => sql<boolean>`(${sql.join(all, sql` and `)})`,
      or: (any) => sql<boolean>`(${sql.join(any, sql` or `)})`,
      empty: () => sql<boolean>`true`,
    })
    if (!condition) throw forbidden(this.#pluginId, action)
    return condition
  }
}

function rulesOf(pluginId: string, actor: Actor): { action: string; subject: string; conditions?: { [field: string]: string } }[] {
  if (actor.permissions.includes('*')) return [{ action: '*', subject }]
  return actor.permissions.flatMap((permission) => {
    const [app, action, scope, ...rest] = permission.split('.')
    if (app !== pluginId || action === undefined || action === '*' || rest.length > 0) return []
    if (scope === 'all') return [{ action, subject }]
    return scope === 'own' ? [{ action, subject, conditions: { createdBy: actor.userId } }] : []
  })
}

function conditionSql(conditions: Conditions): RawBuilder<boolean> {
  const tests = Object.entries(conditions).map(([field, value]) => sql`${sql.id(conditionColumns[field as keyof Conditions])} = ${value}::uuid`)
  return tests.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(tests, sql` and `)})`
}

function forbidden(pluginId: string, action: string): OpsFluxError {
  return new OpsFluxError('forbidden', `You need the permission ${pluginId}.${action} for this. Ask an administrator.`)
}
