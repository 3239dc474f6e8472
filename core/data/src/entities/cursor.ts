import { sql, type Sql } from '../database/sql.ts'
import { invalidRequest } from './invalid-request.ts'
import type { SortKey } from './sort.ts'

/** What a list is sorted by as PostgreSQL writes it, to the microsecond and the last digit. */
export type CursorValue = string | null

/** Selected beside the record: what the cursor of its row is made of. */
export function cursorSelection(keys: readonly SortKey[]): Sql {
  return sql.join(keys.map(({ rank }) => rank))
}

/** The place of a row in a sorted list, opaque to callers. */
export function encodeCursor(keys: readonly SortKey[], values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([signature(keys), ...values])).toString('base64url')
}

/** The sort values a cursor stands for; whether they are of their types only PostgreSQL knows. @throws invalid-request when it was not made for this sort */
export function decodeCursor(keys: readonly SortKey[], cursor: string): CursorValue[] {
  const [made, ...values] = parse(cursor)
  const fits = made === signature(keys) && values.length === keys.length && keys.every(({ mayBeNull }, index) => typeof values[index] === 'string' || (values[index] === null && mayBeNull))
  if (!fits) throw wrongCursor()
  return values as CursorValue[]
}

export const wrongCursor = () => invalidRequest('"after" is not a cursor of this list. Ask for the first page again, with the same sort on every page.')

function signature(keys: readonly SortKey[]): string {
  return keys.map(({ field, descending }) => (descending ? '-' : '') + field).join()
}

function parse(cursor: string): unknown[] {
  if (!/^[\w-]+$/.test(cursor)) return []
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) && parsed.every((value) => value === null || (typeof value === 'string' && !value.includes('\0') && value.isWellFormed())) ? parsed : []
  } catch {
    return []
  }
}

/** The rows after the cursor: with the sort (a, b), a > x or (a = x and b > y). */
export function afterCursor(keys: readonly SortKey[], values: readonly CursorValue[]): Sql {
  return comparesAsOne(keys, values) ? rowComparison(keys, values) : keys.reduceRight<Sql | undefined>((rest, key, index) => {
    const value = values[index] ?? null
    const beyond = isBeyond(key, value)
    return rest ? sql`(${beyond} or (${isSame(key, value)} and ${rest}))` : beyond
  }, undefined) ?? sql`true`
}

// An index answers `(a, b) > (x, y)` from where the page begins; of the same written with `or` it reads all before.
function comparesAsOne(keys: readonly SortKey[], values: readonly CursorValue[]): boolean {
  const [first] = keys
  return keys.every((key, index) => key.descending === first?.descending && values[index] !== null && (key.descending || !key.mayBeNull) && (!key.mayBeNull || index === 0))
}

function rowComparison(keys: readonly SortKey[], values: readonly CursorValue[]): Sql {
  const operator = sql.raw(keys[0]?.descending === true ? '<' : '>')
  return sql`(${sql.join(keys.map(({ rank }) => rank))}) ${operator} (${sql.join(keys.map((key, index) => parameter(key, values[index] ?? null)))})`
}

function isBeyond(key: SortKey, value: CursorValue): Sql {
  const { rank, descending, mayBeNull } = key
  if (descending) return value === null ? sql`${rank} is not null` : sql`${rank} < ${parameter(key, value)}`
  if (value === null) return sql`false`
  const greater = sql`${rank} > ${parameter(key, value)}`
  return mayBeNull ? sql`(${greater} or ${rank} is null)` : greater
}

function isSame(key: SortKey, value: CursorValue): Sql {
  return value === null ? sql`${key.rank} is null` : sql`${key.rank} = ${parameter(key, value)}`
}

const parameter = ({ type }: SortKey, value: CursorValue): Sql => sql`${value}::${sql.raw(type)}`
