import type { FieldDeclaration, FieldKind, Json } from '@opsflux/sdk'
import { sql, type Sql } from '../../database/sql.ts'
import { quoteIdentifier } from '../../database/roles.ts'

/** What a column holds: the kinds of fields, and those only the host writes. */
export type ColumnKind = FieldKind | 'id' | 'revision' | 'state'

/** A value of one SQL column. */
export interface ColumnWrite {
  name: string
  value: unknown
  /** SQL type the parameter is cast to. */
  type: string
}

/** One field of an entity as one release keeps it. Statements call the table `record`. */
export interface Column {
  /** In JSON, such as `occurredAt`, `custom.badge` or `price.currency`. */
  field: string
  kind: ColumnKind
  /** Set for the fields a plugin declares. */
  declaration?: FieldDeclaration
  /** Its main SQL column, unquoted; empty for `manyToMany` and for parts of others. */
  name: string
  /** What is compared and sorted by: `record."occurred_at"`. */
  ref: Sql
  /** SQL type of `ref`, for casts of parameters. */
  type: string
  /** SQL giving text, or something PostgreSQL prints as the text that `json` reads; null where there is no value. */
  selection: string
  /** JSON text of a selected text. */
  json(text: string): string
  read(text: string): Json
  /** The SQL columns that a valid value goes to. */
  writes(value: Json): ColumnWrite[]
  /** False for what the host or the database writes. */
  isWritable: boolean
  isSortable: boolean
  /** Whether it can be compared; whether it is absent can be asked of all. */
  isFilterable: boolean
  isGroupable: boolean
  /** Sub-fields by name, `currency` of `price`. */
  parts?: ReadonlyMap<string, Column>
  /** Set for values that take two columns. */
  pair?: { refs: readonly [Sql, Sql]; types: readonly [string, string]; of(value: Json): readonly [unknown, unknown] }
  /** `manyToMany`: the table of its links, with its schema. */
  linkTable?: Sql
}

/** What differs from a column of text. */
export type ColumnTraits = Partial<Omit<Column, 'field' | 'kind'>>

/** `correctiveAction` → `corrective_action`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export const recordRef = (name: string): string => `record.${quoteIdentifier(name)}`

export function makeColumn(field: string, kind: ColumnKind, traits: ColumnTraits = {}): Column {
  const name = snakeCase(field)
  const { type = 'text', json = JSON.stringify as (text: string) => string } = traits
  return {
    field, kind, name, ref: sql.raw(recordRef(name)), type, selection: recordRef(name), json,
    read: (text) => JSON.parse(json(text)) as Json,
    writes: (value) => [{ name, value, type }],
    isWritable: true, isSortable: true, isFilterable: true, isGroupable: true, ...traits,
  }
}

/** A part of a field, by an SQL expression; nothing is written to it. */
export function makePart(field: string, kind: ColumnKind, expression: string, traits: ColumnTraits = {}): Column {
  return makeColumn(field, kind, { ...traits, name: '', ref: sql.raw(expression), selection: expression, writes: () => [], isWritable: false })
}
