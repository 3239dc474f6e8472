import type { ChangesOf, InputOf, RecordOf } from './entity.ts'
import type { Json } from './json.ts'

/** Comparisons on one field. `contains` ignores case and is for text only. `ne` and `nin` also answer records without a value. */
export interface Operators<T> {
  eq?: T
  ne?: T
  in?: readonly T[]
  nin?: readonly T[]
  lt?: T
  lte?: T
  gt?: T
  gte?: T
  contains?: T extends string ? string : never
  null?: boolean
}
export const operatorNames = ['eq', 'ne', 'in', 'nin', 'lt', 'lte', 'gt', 'gte', 'contains', 'null'] as const

export type Where<E> = { [K in keyof RecordOf<E>]?: RecordOf<E>[K] | Operators<NonNullable<RecordOf<E>[K]>> }
export type Sort<E> = (keyof RecordOf<E> & string) | `-${keyof RecordOf<E> & string}`

/** `limit` is 1 to 200, default 25. `after` is the cursor of the previous page. */
export interface Query<E> {
  where?: Where<E>
  sort?: Sort<E> | readonly Sort<E>[]
  limit?: number
  after?: string
  /** Words looked for in the entity's `search` fields. */
  q?: string
}

/** A page of records; `next` is the cursor of the following page, null at the end. */
export interface Page<T> {
  data: T[]
  next: string | null
  /** Only when `count: true` was asked. */
  total?: number
}

/** Buckets are UTC and are named by their beginning: `2026-03-01`, `2026-03`, `2026`. */
export type Bucket = 'day' | 'month' | 'year'

/** Groups records: at most 3 groups, 1,000 rows out. */
export interface Aggregate<E> {
  where?: Where<E>
  groupBy?: readonly ((keyof RecordOf<E> & string) | { field: keyof RecordOf<E> & string; bucket: Bucket })[]
  /** Fields to add up. Counting is always done. */
  sum?: readonly (keyof RecordOf<E> & string)[]
}
/** One group: the grouped values by field name, `count`, and `sum` by field name (exact, as a string). */
export interface AggregateRow {
  group: Record<string, Json>
  count: number
  sum: Record<string, string | null>
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
  /** @throws not-found, conflict when referred to, forbidden */
  delete(id: string): Promise<void>
}
