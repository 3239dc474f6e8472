/** The tables of a plugin as `opsflux migrate` makes them: what is compared, written down in `schema.json` and shown in `schema.md`. */
export interface Column {
  name: string
  /** The field it belongs to; absent for columns of the host. */
  field?: string
  /** Kind of the field. */
  kind?: string
  /** What a reference refers to. */
  target?: string
  /** Such as `varchar(120)`. */
  type: string
  notNull: boolean
  /** SQL expression. */
  default?: string
  /** SQL expression that the database computes the column from. */
  generated?: string
  /** What a check lets in. */
  values?: readonly string[]
}

/** A check or a foreign key; `sql` goes on from its name. */
export interface Constraint {
  name: string
  columns: readonly string[]
  sql: string
  /** The table that a foreign key points to. */
  references?: string
}

export interface Index {
  name: string
  columns: readonly string[]
  unique: boolean
  using?: 'gin'
  where?: string
}

export interface Table {
  name: string
  entity: string
  /** The `manyToMany` field that this is the link table of. */
  link?: string
  columns: readonly Column[]
  primaryKey: readonly string[]
  constraints: readonly Constraint[]
  indexes: readonly Index[]
}

/** Data of a dropped field or entity that is kept out of reach, and goes with the migration of a later release. */
export type Aside = { release: string; table: Table; column?: never } | { release: string; table: string; column: Column }

/** `migrations/schema.json`: the tables after the last migration. */
export interface SchemaReport {
  formatVersion: 1
  plugin: string
  release: string
  /** The last migration. */
  migration: string
  tables: readonly Table[]
  aside: readonly Aside[]
}

/** What a migration consists of; each entry is a statement without its semicolon, with the comment before it. */
export interface Script {
  up: string[]
  down: string[]
  /** Statements that run one by one after the commit. */
  after: string[]
}
