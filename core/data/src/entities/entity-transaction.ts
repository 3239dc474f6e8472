import type { Bucket, CustomField, HistoryEntry, Json, Page } from '@opsflux/sdk'
import type { DatabaseTransaction } from '../database/index.ts'
import type { ReleaseEntities } from './release-entities.ts'

/** What a user may at one company, and in which of its departments. */
export interface Place {
  companyId: string
  departmentIds: readonly string[]
  /** Scope `all` and `company` reach the records of this company, `department` those of the departments. */
  permissions: readonly string[]
}

/** Who a call is made for. The same object as long as nothing of it changed: what is worked out from it hangs on it. */
export interface Actor {
  tenantId: string
  userId: string
  locale: string
  /** Held in the whole tenant: `<app>.<action>.<scope>`, or `*` for everything. */
  permissions: readonly string[]
  places?: readonly Place[]
}

/** A record as JSON: the system fields and the fields its release declares. Absent values are null. */
export type Row = { [field: string]: Json }

/** `Where` of the SDK without its types: a value, null, or operators by name. */
export type EntityWhere = { [field: string]: Json }

/** `Query` of the SDK without its types. */
export interface EntityQuery {
  where?: EntityWhere
  sort?: string | readonly string[]
  /** 1 to 200, default 25. */
  limit?: number
  after?: string
  /** From 1; not with `after`. */
  page?: number
  q?: string
  count?: boolean | 'exact' | 'estimated'
  fields?: readonly string[]
  expand?: readonly string[]
  /** Those in the bin instead of the others. */
  deleted?: boolean
}

/** `Aggregate` of the SDK without its types. */
export interface EntityAggregate {
  where?: EntityWhere
  q?: string
  groupBy?: readonly (string | { field: string; bucket: Bucket })[]
  sum?: readonly string[]
  avg?: readonly string[]
  min?: readonly string[]
  max?: readonly string[]
  zone?: string
}

export interface AggregateGroup {
  group: { [field: string]: Json }
  count: number
  sum: { [field: string]: string | null }
  avg: { [field: string]: string | null }
  min: { [field: string]: Json }
  max: { [field: string]: Json }
}

/** The revision the caller has seen. */
export interface Seen { revision?: number }

/**
 * The records of one release for one actor, in one database transaction.
 * Calls are taken one after the other; after the work it was given to has ended it refuses every call.
 *
 * A write that fails leaves the transaction as it was before that write, so a caller may catch its error and go on.
 */
export interface EntityTransaction {
  readonly actor: Actor
  /** @throws forbidden, invalid-request, not-found when there is no such entity */
  list(entity: string, query?: EntityQuery): Promise<Page<Row>>
  /** Undefined when there is none, or none the actor may see. */
  findOne(entity: string, id: string): Promise<Row | undefined>
  count(entity: string, where?: EntityWhere): Promise<number>
  aggregate(entity: string, aggregate: EntityAggregate): Promise<AggregateGroup[]>
  /** The changes of a record, the latest first. @throws not-found, invalid-request, forbidden */
  history(entity: string, id: string, query?: { limit?: number; after?: string }): Promise<Page<HistoryEntry>>
  /** @throws validation-failed, conflict, forbidden */
  create(entity: string, input: Json): Promise<Row>
  /** @throws not-found, stale-record, validation-failed, conflict, forbidden */
  update(entity: string, id: string, changes: Json, seen?: Seen): Promise<Row>
  /** Puts it in the bin where the entity has one. @throws not-found, stale-record, conflict when another record refers to it, forbidden */
  remove(entity: string, id: string, seen?: Seen): Promise<void>
  /** Takes it out of the bin. @throws not-found, stale-record, conflict when its unique values are taken, forbidden */
  restore(entity: string, id: string, seen?: Seen): Promise<Row>
  /** Erases what is in the bin. @throws not-found, stale-record, conflict when another record refers to it, forbidden */
  purge(entity: string, id: string, seen?: Seen): Promise<void>
  /** @throws not-found, stale-record, conflict when the record is not in a state the transition starts from or its guard is not met, forbidden */
  transition(entity: string, id: string, name: string, seen?: Seen): Promise<Row>
  /** Names of users of the tenant by id; ids of others are left out. */
  userNames(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** The records of another plugin for the same actor in the same transaction. It ends with this one. */
  beside(release: ReleaseEntities, hooks: HookCaller | undefined): EntityTransaction
  /** Runs statements of the host in the same transaction, in turn with the other calls. Never keep the transaction beyond the work. */
  use<T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T>
}

/** What the hooks of one event came to. */
export interface HookOutcome {
  /** As the last of them answered. */
  answer: Json
  /** Plugins by the fields their hooks gave another value. */
  changedBy: Readonly<Record<string, string>>
  /** Those that took part. */
  plugins: readonly string[]
}

/** Runs the hooks of one release's entities: those of its plugin, and those of others that it lets. */
export interface HookCaller {
  /** Whether any plugin that serves the tenant hooks this: `beforeCreate`, `beforeChange.riskLevel` … */
  wants(entity: string, event: string): boolean
  /** Payload and answer are those of `HookHandlers` in the SDK; `transaction` serves the `db` calls of the hooks. */
  call(entity: string, event: string, payload: Json, transaction: EntityTransaction): Promise<HookOutcome>
}

/** Ids of those that are there and of the tenant, with their names. */
export type Lookup = (transaction: DatabaseTransaction, ids: readonly string[], actor: Actor) => Promise<ReadonlyMap<string, string>>

/** What the engine asks of others. */
export interface EngineParts {
  /** Who may be the value of a `user` field, and so on. Ids of a kind without a lookup are refused. */
  lookups: { user: Lookup; company?: Lookup; department?: Lookup; file?: Lookup }
  /** The releases of all plugins that serve now. */
  releases?(): readonly ReleaseEntities[]
  /** The same array as long as nothing changed. */
  customFieldsOf?(tenantId: string, pluginId: string, entity: string): Promise<readonly CustomField[]>
  /** Told after each commit that wrote records. */
  onCommitted?(tenantId: string, pluginIds: ReadonlySet<string>): void
  /** Told in the transaction which files a record now names in its `file` fields. */
  noteFiles?(transaction: DatabaseTransaction, record: { actor: Actor; pluginId: string; entity: string; id: string }, files: Readonly<Record<string, string | null>>): Promise<void>
  /** Told in the transaction that a record is erased: what others keep of it goes too. */
  forgetRecord?(transaction: DatabaseTransaction, record: { pluginId: string; entity: string; id: string }): void
}
