import { OpsFluxError, type EntityDeclaration, type FieldDeclaration, type FieldKind, type Json } from '@opsflux/sdk'
import { sql, type RawBuilder } from 'kysely'
import { quoteIdentifier } from '../database/roles.ts'

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

const namePattern = /^[a-z][a-zA-Z0-9]{0,49}$/
const hostColumns: ReadonlySet<string> = new Set(['id', 'tenant_id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'state'])

/**
 * The columns of an entity by field name, in the order records show them.
 * @throws package-refused for names and kinds that could reach the columns of the host
 */
export function columnsOf(declaration: EntityDeclaration): ReadonlyMap<string, Column> {
  refuseBadNames(declaration)
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
  return { field, kind, name, ref: sql.raw(quoteIdentifier(name)), type: sql.raw(sqlTypes[kind]) }
}

function refuseBadNames({ name, fields }: EntityDeclaration): void {
  const seen = new Set(hostColumns)
  for (const [field, { kind }] of Object.entries(fields)) {
    const columnName = snakeCase(field)
    if (!namePattern.test(name) || !namePattern.test(field) || !Object.hasOwn(sqlTypes, kind) || seen.has(columnName)) {
      throw new OpsFluxError('package-refused', `The entity "${name}" cannot have a field "${field}" of the kind "${kind}". Names are camelCase, at most 50 characters, and not those of the host's own fields.`)
    }
    seen.add(columnName)
  }
}

/** `correctiveAction` → `corrective_action`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A list for `select` or `returning`; text wherever the driver's own reading depends on settings of the server. */
export function selectionOf(columns: readonly Column[]): RawBuilder<unknown> {
  return sql.raw(columns.map(({ kind, name }) => {
    const ref = quoteIdentifier(name)
    if (kind === 'datetime') return `to_char(${ref} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${ref}`
    return kind === 'date' ? `to_char(${ref}, 'YYYY-MM-DD') as ${ref}` : ref
  }).join(', '))
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
