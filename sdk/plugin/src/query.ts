import type { ChangesOf, InputOf, RecordOf, TransitionOf } from './entity.ts'
import type { GeoPoint, TimeRange } from './fields.ts'
import type { Json } from './json.ts'

/**
 * Comparisons on one field. `contains` and `startsWith` ignore case and are for text only. `ne` and `nin` also answer records without a value.
 * `between` includes both ends. `has` is for `manyToMany`: all of these are linked. `overlaps` is for `timeRange`, `near` for `geoPoint`.
 */
export interface Operators<T> {
  eq?: T
  ne?: T
  in?: readonly T[]
  nin?: readonly T[]
  lt?: T
  lte?: T
  gt?: T
  gte?: T
  between?: readonly [T, T]
  contains?: T extends string ? string : never
  startsWith?: T extends string ? string : never
  null?: boolean
  has?: T extends readonly (infer I)[] ? I | readonly I[] : never
  overlaps?: T extends TimeRange ? TimeRange : never
  /** Within so many metres of a point, on a sphere of 6,371,008.8 m. */
  near?: T extends GeoPoint ? GeoPoint & { metres: number } : never
}
export const operatorNames = ['eq', 'ne', 'in', 'nin', 'lt', 'lte', 'gt', 'gte', 'between', 'contains', 'startsWith', 'null', 'has', 'overlaps', 'near'] as const

/** Tests by field. Fields of records referred to are reached by a path of up to two steps: `'incident.site.name'`. */
export type Where<E> =
  & { [K in keyof RecordOf<E>]?: RecordOf<E>[K] | Operators<NonNullable<RecordOf<E>[K]>> }
  & { [P in `${string}.${string}`]?: Json | Operators<never> }
export type Sort<E> = (keyof RecordOf<E> & string) | `-${keyof RecordOf<E> & string}`

/** Limits of queries and writes over the API; past them a request is refused with `invalid-request`. */
export const queryLimits = {
  /** Records on a page. */
  limit: 200,
  defaultLimit: 25,
  /** Records that pages by number reach; further ones are had by cursor. */
  paged: 10_000,
  conditions: 50,
  /** Values of `in`, `nin` and `has`. */
  listValues: 1_000,
  sortFields: 4,
  /** Steps of a path in `where` and `expand`. */
  pathSteps: 2,
  /** Paths of one `expand`. */
  expanded: 10,
  /** Characters and words of `q`. */
  searchCharacters: 200,
  searchWords: 10,
  queryStringBytes: 8_192,
  groups: 3,
  measures: 20,
  /** Groups of one aggregate. */
  groupRows: 1_000,
  /** Records of one bulk request. */
  bulk: 1_000,
  /** Records linked by one `manyToMany` field. */
  links: 200,
  /** Characters of an `Idempotency-Key`, and the hours it is remembered. */
  idempotencyKey: 200,
  idempotencyHours: 24,
  /** Custom fields of one entity in one tenant. */
  customFields: 50,
} as const

/** `limit` is 1 to 200, default 25. `after` is the cursor of the previous page; `page` counts from 1 and cannot be used with it. */
export interface Query<E> {
  where?: Where<E>
  sort?: Sort<E> | readonly Sort<E>[]
  limit?: number
  after?: string
  page?: number
  /** Words looked for in the fields with a search weight; without a `sort`, the best matches come first. */
  q?: string
  /** Fields to answer, always with `id` and `revision`. Default all. */
  fields?: readonly (keyof RecordOf<E> & string)[]
  /** References answered as records instead of ids, `incident` or `incident.owner`; users as `{ id, name }`. */
  expand?: readonly string[]
  /** True: records in the bin instead of the others. Takes the right to delete. */
  deleted?: boolean
}

/** A page of records; `next` is the cursor of the following page, null at the end. */
export interface Page<T> {
  data: T[]
  next: string | null
  /** Only when `count` was asked. */
  total?: number
  /** Only when `count` was `estimated`: the planner's estimate, which may be off; with `where` or `q`, 10,000 for all beyond. */
  isEstimate?: boolean
}

/** Buckets are named by their beginning: `2026-03-01`, `2026-W10` (ISO 8601), `2026-03`, `2026-Q1`, `2026`. In UTC unless `zone` says otherwise. */
export const buckets = ['day', 'week', 'month', 'quarter', 'year'] as const
export type Bucket = (typeof buckets)[number]

/** Groups records: at most 3 groups, 20 measures, 1,000 rows out. */
export interface Aggregate<E> {
  where?: Where<E>
  q?: string
  groupBy?: readonly ((keyof RecordOf<E> & string) | { field: keyof RecordOf<E> & string; bucket: Bucket })[]
  /** Numbers, durations, money (minor units; group by currency yourself with `'price.currency'`). Counting is always done. */
  sum?: readonly (keyof RecordOf<E> & string)[]
  avg?: readonly (keyof RecordOf<E> & string)[]
  min?: readonly (keyof RecordOf<E> & string)[]
  max?: readonly (keyof RecordOf<E> & string)[]
  /** IANA time zone of the buckets. Default UTC. */
  zone?: string
}
/** One group: the grouped values by field name, `count`, and the measures by field name. Sums and averages are exact decimals as strings. */
export interface AggregateRow {
  group: Record<string, Json>
  count: number
  sum: Record<string, string | null>
  avg: Record<string, string | null>
  min: Record<string, Json>
  max: Record<string, Json>
}

/** Up to 1,000 writes of one entity. `atomic` (the default): all or none. Otherwise each for itself, with a report. */
export interface BulkRequest<E> {
  atomic?: boolean
  create?: readonly InputOf<E>[]
  update?: readonly { id: string; revision?: number; changes: ChangesOf<E> }[]
  delete?: readonly { id: string; revision?: number }[]
}
/** What became of one write, in the order of the request: creations, updates, deletions. */
export interface BulkResult {
  operation: 'create' | 'update' | 'delete'
  /** Place in its list. */
  index: number
  id?: string
  revision?: number
  /** As the error of a single write would be sent. */
  error?: { code: string; detail: string; errors?: { path: string; code: string; message: string }[] }
}
export interface BulkReport {
  succeeded: number
  failed: number
  results: BulkResult[]
}

/** One change of a record, as its history tells it. */
export interface HistoryEntry {
  id: string
  at: string
  action: 'create' | 'update' | 'delete' | 'transition' | 'restore' | 'purge'
  /** Of the record after the change. */
  revision: number
  userId: string
  /** Plugins whose hooks took part. */
  hooks: string[]
  /** Transition taken. */
  transition?: string
  /** By field: before and after. Fields the reader may not see are left out. */
  changes: { [field: string]: { from: Json; to: Json; hook?: string } }
}

/** The records of one entity, as a plugin's server code reaches them: one tenant, the user's rights, the caller's transaction. */
export interface Repository<E> {
  find(query?: Query<E>): Promise<RecordOf<E>[]>
  /** Undefined when there is none, or none the user may see. */
  findOne(id: string): Promise<RecordOf<E> | undefined>
  count(where?: Where<E>): Promise<number>
  aggregate(aggregate: Aggregate<E>): Promise<AggregateRow[]>
  /** @throws validation-failed, conflict, forbidden */
  create(input: InputOf<E>): Promise<RecordOf<E>>
  /** @throws not-found, validation-failed, conflict, forbidden */
  update(id: string, changes: ChangesOf<E>): Promise<RecordOf<E>>
  /** Puts it in the bin where the entity has one. @throws not-found, conflict when referred to, forbidden */
  delete(id: string): Promise<void>
  /** @throws not-found, conflict when the record is not in a state the transition starts from or its guard is not met, forbidden */
  transition(id: string, name: TransitionOf<E>): Promise<RecordOf<E>>
}
