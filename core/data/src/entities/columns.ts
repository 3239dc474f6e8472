import type { EntityDeclaration, FieldDeclaration, FieldKind, Json } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'

/** What a column holds: the kinds of fields, and those only the host writes. */
export type ColumnKind = FieldKind | 'id' | 'revision' | 'state'

/** One column of a table as one release knows it. */
export interface Column {
  /** Name of the field in JSON. */
  field: string
  kind: ColumnKind
  /** Set for the fields a plugin declares. */
  declaration?: FieldDeclaration
  /** Name in SQL, without its table. */
  name: string
  /** The name, quoted. */
  ref: RawBuilder<unknown>
  /** SQL type, such as `bigint`. */
  type: RawBuilder<unknown>
}

const sqlTypes: Record<ColumnKind, string> = {
  id: 'uuid', revision: 'bigint', state: 'text', string: 'text', text: 'text', integer: 'bigint', decimal: 'numeric', boolean: 'boolean',
  date: 'date', datetime: 'timestamptz', enum: 'text', json: 'jsonb', reference: 'uuid', user: 'uuid',
}

/** The columns of an entity by field name, in the order records show them. */
export function columnsOf(declaration: EntityDeclaration): ReadonlyMap<string, Column> {
  const columns = [
    column('id', 'id'), column('revision', 'revision'),
    column('createdAt', 'datetime'), column('createdBy', 'user'), column('updatedAt', 'datetime'), column('updatedBy', 'user'),
    ...(declaration.states ? [column('state', 'state')] : []),
    ...Object.entries(declaration.fields).map(([field, declared]) => ({ ...column(field, declared.kind), declaration: declared })),
  ]
  return new Map(columns.map((one) => [one.field, one]))
}

function column(field: string, kind: ColumnKind): Column {
  const name = snakeCase(field)
  return { field, kind, name, ref: sql.id(name), type: sql.raw(sqlTypes[kind]) }
}

/** `correctiveAction` → `corrective_action`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The PostgreSQL schema of a plugin: `hse-reports` → `p_hse_reports`. */
export function schemaOf(pluginId: string): string {
  return `p_${pluginId.replaceAll('-', '_')}`
}

/** Reads the column as text wherever the driver's own reading depends on settings of the server. */
export function selected(one: Column): RawBuilder<unknown> {
  if (one.kind === 'datetime') return sql`to_char(${one.ref} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${one.ref}`
  return one.kind === 'date' ? sql`to_char(${one.ref}, 'YYYY-MM-DD') as ${one.ref}` : one.ref
}

/** A valid JSON value as a parameter of the column's type. */
export function parameter(one: Column, value: Json): RawBuilder<unknown> {
  const bound = one.kind === 'json' && value !== null ? JSON.stringify(value) : value
  return sql`${bound}::${one.type}`
}

/** The record that a selected row is. */
export function toRecord(columns: readonly Column[], row: Readonly<Record<string, unknown>>): { [field: string]: Json } {
  const record: { [field: string]: Json } = {}
  for (const one of columns) record[one.field] = toJson(one.kind, row[one.name])
  return record
}

/** The driver gives bigint and numeric as text; integers are within the safe range by validation. */
export function toJson(kind: ColumnKind, value: unknown): Json {
  if (value === null || value === undefined) return null
  return kind === 'integer' || kind === 'revision' ? Number(value) : value as Json
}
