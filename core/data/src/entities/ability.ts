import { createMongoAbility, type MongoAbility } from '@casl/ability'
import { rulesToCondition } from '@casl/ability/extra'
import { OpsFluxError } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Actor, Row } from './entity-transaction.ts'
import { covers, everything, reachesOf, type Reach } from './reach.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** What of an entity decides who may do what with its records. */
export type GuardedEntity = Pick<ReleaseEntity, 'name' | 'declaration' | 'columns'>

/** Conditions are made here alone, and only compare for equality: JavaScript and SQL then agree on every row, null included. */
type Conditions = { [field: string]: { $in: string[] } }
interface Rule { action: string; subject: string; conditions?: Conditions }

/** The ability on one entity, and what was worked out from it. */
interface Decisions {
  ability: MongoAbility
  conditions: Map<string, Sql>
  readable?: ReadonlySet<string>
  writable: Map<string, ReadonlySet<string>>
}

const subject = 'record'
const made = new WeakMap<Actor, Map<string, Ability>>()

/** The ability of an actor in a plugin, made once for as long as the same actor object is used. */
export function abilityOf(pluginId: string, actor: Actor): Ability {
  const abilities = made.get(actor) ?? new Map<string, Ability>()
  made.set(actor, abilities)
  const ability = abilities.get(pluginId) ?? new Ability(pluginId, actor)
  abilities.set(pluginId, ability)
  return ability
}

/**
 * What one user may do with the records of one plugin. The one place where rights on records are decided,
 * for a record in hand and for the rows of a statement.
 *
 * A scope reaches records by the field the entity declares for it (`scopes`); without such a field it reaches none, but for `own`,
 * which goes by `createdBy`. Every action stands for itself: `manage` does not include the others.
 */
export class Ability {
  readonly #pluginId: string
  readonly #userId: string
  readonly #reaches: ReadonlyMap<string, Reach>
  // By columns: they are those of one entity of one release, with the custom fields of one tenant.
  readonly #decisions = new WeakMap<GuardedEntity['columns'], Decisions>()

  constructor(pluginId: string, actor: Actor) {
    this.#pluginId = pluginId
    this.#userId = actor.userId
    this.#reaches = reachesOf(pluginId, actor)
  }

  /** Whether the user may do this with some record of the entity (default: of any), perhaps with none there is. */
  may(action: string, entity?: GuardedEntity): boolean {
    return entity ? this.#on(entity).ability.can(action, subject) : this.#reaches.has(action) || this.#reaches.has(everything)
  }

  /** @param record with all its scope fields, as it is stored */
  mayWith(action: string, entity: GuardedEntity, record: Row): boolean {
    return this.#on(entity).ability.can(action, record)
  }

  /** @throws forbidden when no record can be had */
  require(action: string, entity?: GuardedEntity): void {
    if (!this.may(action, entity)) throw this.#forbidden(action)
  }

  /** @throws forbidden */
  requireWith(action: string, entity: GuardedEntity, record: Row): void {
    if (!this.mayWith(action, entity, record)) throw this.#forbidden(action)
  }

  /**
   * For a record that is about to be created from valid values, defaults included.
   * @throws forbidden, with the fields that say whose it is in `errors`, where the user may create some but not this one
   */
  requireCreate(entity: GuardedEntity, values: Row): void {
    this.require('create', entity)
    if (!this.mayWith('create', entity, { ...scopesOf(entity, values), createdBy: this.#userId })) throw outOfScope(entity, 'create')
  }

  /**
   * For a record whose scope fields change: nobody moves one to a company or department where he may not edit.
   * @param before the record as it is stored, @param changes valid
   * @throws forbidden, with those fields in `errors`
   */
  requireMove(entity: GuardedEntity, before: Row, changes: Row): void {
    const moved = scopesOf(entity, changes)
    const { company = '', department = '' } = entity.declaration.scopes ?? {}
    const isMoved = [company, department].some((field) => moved[field] !== undefined && moved[field] !== before[field])
    if (isMoved && !this.mayWith('edit', entity, { ...before, ...moved })) throw outOfScope(entity, 'edit')
  }

  /** The same decision as a condition on the rows of `record`. @throws forbidden when no record can be had */
  condition(action: string, entity: GuardedEntity): Sql {
    const { ability, conditions } = this.#on(entity)
    const known = conditions.get(action)
    if (known) return known
    const condition = rulesToCondition(ability.rulesFor(action, subject), (rule) => conditionSql(entity, (rule.conditions ?? {}) as Conditions), {
      and: (all) => sql`(${sql.join(all, ' and ')})`,
      or: (any) => sql`(${sql.join(any, ' or ')})`,
      empty: () => sql`true`,
    })
    if (!condition) throw this.#forbidden(action)
    conditions.set(action, condition)
    return condition
  }

  /**
   * The fields the user sees. One with an action of its own (`read`) is seen by whoever may do that with every record he may view:
   * what is seen of one record is seen of all.
   */
  readable(entity: GuardedEntity): ReadonlySet<string> {
    const decisions = this.#on(entity)
    decisions.readable ??= fieldsOf(entity, ({ declaration }) => this.#covers(declaration?.read, 'view'))
    return decisions.readable
  }

  /** The fields the user may give a value, in a creation or a change: those with an action of their own (`write`) by the same rule. */
  writable(entity: GuardedEntity, action: 'create' | 'edit' = 'edit'): ReadonlySet<string> {
    const { writable } = this.#on(entity)
    const known = writable.get(action)
    if (known) return known
    const fields = fieldsOf(entity, ({ isWritable, declaration }) => isWritable && this.#covers(declaration?.write, action))
    writable.set(action, fields)
    return fields
  }

  #covers(needed: string | undefined, action: string): boolean {
    if (needed === undefined || needed === action || this.#reaches.has(everything)) return true
    const reach = this.#reaches.get(action)
    return reach !== undefined && covers(this.#reaches.get(needed), reach)
  }

  #on(entity: GuardedEntity): Decisions {
    const known = this.#decisions.get(entity.columns)
    if (known) return known
    const rules = [...this.#reaches].flatMap(([action, reach]) => rulesOf(action, reach, this.#userId, entity))
    // CASL reads `manage` as "every action" unless told otherwise; `*` is no action a permission can name.
    const ability = createMongoAbility(rules, { anyAction: everything, detectSubjectType: () => subject })
    const decisions: Decisions = { ability, conditions: new Map(), writable: new Map() }
    this.#decisions.set(entity.columns, decisions)
    return decisions
  }

  #forbidden(action: string): OpsFluxError {
    return new OpsFluxError('forbidden', `You need the permission ${this.#pluginId}.${action} for this. Ask an administrator.`)
  }
}

function rulesOf(action: string, { isAll, isOwn, companyIds, departmentIds }: Reach, userId: string, { declaration: { scopes = {} }, columns }: GuardedEntity): Rule[] {
  if (isAll) return [{ action, subject }]
  const ruleOn = (field: string | undefined, kind: string, ids: ReadonlySet<string>): Rule[] => {
    if (field === undefined || columns.get(field)?.kind !== kind || ids.size === 0) return []
    return [{ action, subject, conditions: { [field]: { $in: [...ids] } } }]
  }
  return [
    ...ruleOn(scopes.own ?? 'createdBy', 'user', isOwn ? new Set([userId]) : new Set()),
    ...ruleOn(scopes.company, 'company', companyIds),
    ...ruleOn(scopes.department, 'department', departmentIds),
  ]
}

function conditionSql({ columns }: GuardedEntity, conditions: Conditions): Sql {
  const tests = Object.entries(conditions).map(([field, { $in: ids }]) => {
    const ref = columns.get(field)?.ref ?? sql.raw('null')
    return ids.length === 1 ? sql`${ref} = ${ids[0]}::uuid` : sql`${ref} = any(${ids}::uuid[])`
  })
  return tests.length === 0 ? sql`true` : sql`(${sql.join(tests, ' and ')})`
}

function fieldsOf({ columns }: GuardedEntity, isIn: (column: ReleaseEntity['list'][number]) => boolean): ReadonlySet<string> {
  return new Set([...columns.values()].filter(isIn).map(({ field }) => field))
}

/** The fields that say whose a record is, as they will be stored: PostgreSQL answers UUIDs in lower case. */
function scopesOf({ declaration: { scopes = {} } }: GuardedEntity, values: Row): Row {
  const record: Row = {}
  for (const field of [scopes.own, scopes.company, scopes.department]) {
    const value = field === undefined ? undefined : values[field]
    if (field !== undefined && value !== undefined) record[field] = typeof value === 'string' ? value.toLowerCase() : null
  }
  return record
}

function outOfScope({ name, declaration: { scopes = {} } }: GuardedEntity, action: string): OpsFluxError {
  const fields = [scopes.company, scopes.department, scopes.own].filter((field) => field !== undefined && field !== 'createdBy')
  const message = `You may ${action} ${name} only where you hold a role.`
  const errors = fields.map((field) => ({ path: `/${field}`, code: 'scope', message }))
  return new OpsFluxError('forbidden', `${message} Choose ${fields.join(' and ')} among yours, or ask an administrator.`, { data: { errors } })
}
