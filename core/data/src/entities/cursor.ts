import type { Json } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import { parameter, toJson } from './columns.ts'
import { invalidRequest, type Condition } from './conditions.ts'
import type { SortKey } from './sort.ts'
import { isComparable } from './values.ts'

/** What the cursor needs beside the record: what rows are compared by, with instants to the microsecond as migrations may write them. */
export function cursorSelection(keys: readonly SortKey[]): RawBuilder<unknown>[] {
  return keys.map(({ column, rank }, index) => {
    const name = sql.id(exactName(index))
    if (column.kind === 'datetime') return sql`to_char(${rank} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${name}`
    return column.kind === 'date' ? sql`to_char(${rank}, 'YYYY-MM-DD') as ${name}` : sql`${rank} as ${name}`
  })
}

const exactName = (index: number): string => `sort:${index}`

/** The place of a row in a sorted list, opaque to callers. */
export function cursorOf(keys: readonly SortKey[], row: Readonly<Record<string, unknown>>): string {
  const values = keys.map(({ column }, index) => toJson(column.kind, row[exactName(index)]))
  return encodeCursor(keys, values)
}

export function encodeCursor(keys: readonly SortKey[], values: readonly Json[]): string {
  return Buffer.from(JSON.stringify([signature(keys), ...values])).toString('base64url')
}

/** The sort values a cursor stands for. @throws invalid-request when it was not made for this sort */
export function decodeCursor(keys: readonly SortKey[], cursor: string): Json[] {
  const [made, ...values] = parse(cursor)
  const fits = made === signature(keys) && values.length === keys.length && keys.every(({ column }, index) => {
    const value = values[index]
    return value === null ? !neverNull.has(column.field) : isComparable(column, value)
  })
  if (!fits) throw invalidRequest('"after" is not a cursor of this list. Ask for the first page again, with the same sort on every page.')
  return values
}

function signature(keys: readonly SortKey[]): string {
  return keys.map(({ column, descending }) => (descending ? '-' : '') + column.field).join()
}

function parse(cursor: string): Json[] {
  if (!/^[\w-]+$/.test(cursor)) return []
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}

/** The rows after the cursor: with the sort (a, b), a > x or (a = x and b > y). */
export function afterCursor(keys: readonly SortKey[], values: readonly Json[]): Condition {
  return keys.reduceRight<Condition | undefined>((rest, key, index) => {
    const value = values[index] ?? null
    const beyond = isBeyond(key, value)
    return rest ? sql<boolean>`(${beyond} or (${isSame(key, value)} and ${rest}))` : beyond
  }, undefined) ?? sql<boolean>`true`
}

const neverNull: ReadonlySet<string> = new Set(['id', 'revision', 'createdAt', 'updatedAt', 'state'])

function isBeyond({ column, rank, descending }: SortKey, value: Json): Condition {
  if (descending) return value === null ? sql<boolean>`${rank} is not null` : sql<boolean>`${rank} < ${parameter(column, value)}`
  if (value === null) return sql<boolean>`false`
  const greater = sql<boolean>`${rank} > ${parameter(column, value)}`
  return neverNull.has(column.field) ? greater : sql<boolean>`(${greater} or ${rank} is null)`
}

function isSame({ column, rank }: SortKey, value: Json): Condition {
  return value === null ? sql<boolean>`${rank} is null` : sql<boolean>`${rank} = ${parameter(column, value)}`
}
