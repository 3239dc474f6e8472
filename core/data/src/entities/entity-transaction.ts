import type { Bucket, HookEvent, Json, Page } from '@opsflux/sdk'
import type { DatabaseTransaction } from '../database/index.ts'

/** Who a call is made for. */
export interface Actor {
  tenantId: string
  userId: string
  locale: string
  /** `<app>.<action>.<scope>`, or `*` for everything. */
  permissions: readonly string[]
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
  q?: string
  count?: boolean
}

/** `Aggregate` of the SDK without its types. */
export interface EntityAggregate {
  where?: EntityWhere
  groupBy?: readonly (string | { field: string; bucket: Bucket })[]
  sum?: readonly string[]
}

export interface AggregateGroup {
  group: { [field: string]: Json }
  count: number
  sum: { [field: string]: string | null }
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
  find(entity: string, query?: EntityQuery): Promise<Row[]>
  /** Undefined when there is none, or none the actor may see. */
  findOne(entity: string, id: string): Promise<Row | undefined>
  count(entity: string, where?: EntityWhere): Promise<number>
  aggregate(entity: string, aggregate: EntityAggregate): Promise<AggregateGroup[]>
  /** @throws validation-failed, conflict, forbidden */
  create(entity: string, input: Json): Promise<Row>
  /** @throws not-found, stale-record, validation-failed, conflict, forbidden */
  update(entity: string, id: string, changes: Json, seen?: Seen): Promise<Row>
  /** @throws not-found, stale-record, conflict when another record refers to it, forbidden */
  remove(entity: string, id: string, seen?: Seen): Promise<void>
  /** @throws not-found, stale-record, conflict when the record is not in a state the transition starts from, forbidden */
  transition(entity: string, id: string, name: string, seen?: Seen): Promise<Row>
  /** Names of users of the tenant by id; ids of others are left out. */
  userNames(userIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Runs statements of the host in the same transaction, in turn with the other calls. Never keep the transaction beyond the work. */
  use<T>(work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T>
}

/**
 * Runs a hook of the plugin; called only for hooks its manifest declares.
 * Payload and answer are those of `HookHandlers` in the SDK; `transaction` serves the `db` calls of the hook.
 */
export type HookCaller = (entity: string, event: HookEvent, payload: Json, transaction: EntityTransaction) => Promise<Json>
