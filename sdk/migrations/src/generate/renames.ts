import { mentions, quoted, snakeCase, sqlName } from './names.ts'
import type { Table } from './model.ts'
import { renameColumn, renameTable, type Step } from './steps.ts'

/** `{ entity: 'incident', field: 'site', to: 'location' }`, or of the entity itself. */
export interface Rename {
  entity: string
  field?: string
  to: string
}

/** The tables under their new names, and the steps that make them so. Names of constraints and indexes are not changed yet. */
export function renamed(tables: readonly Table[], renames: readonly Rename[]): { tables: readonly Table[]; steps: Step[] } {
  const steps: Step[] = []
  const result = renames.reduce((known, rename) => {
    const change = rename.field === undefined ? entityRename(known, rename) : fieldRename(known, { ...rename, field: rename.field })
    steps.push(...change.steps)
    return change.tables
  }, tables)
  return { tables: result, steps }
}

type Renamed = { tables: readonly Table[]; steps: Step[] }

/** Its link tables go along. */
function entityRename(tables: readonly Table[], { entity, to }: Rename): Renamed {
  const into = snakeCase(to)
  const names = new Map(tables.filter((table) => table.entity === entity).map(({ name, link }) => [name, link === undefined ? into : sqlName(into, snakeCase(link))]))
  return {
    steps: [...names].map(([name, next]) => ({ up: [renameTable(name, next)], down: [renameTable(next, name)] })),
    tables: tables.map((table) => ({
      ...table, columns: table.columns.map((column) => (column.target === entity ? { ...column, target: to } : column)), ...(table.entity === entity ? { entity: to, name: names.get(table.name) ?? table.name } : {}),
      constraints: table.constraints.map((one) => (one.references === undefined || !names.has(one.references) ? one
        : { ...one, references: names.get(one.references) ?? one.references, sql: one.sql.replace(`references ${quoted(one.references)} `, `references ${quoted(names.get(one.references) ?? '')} `) })),
    })),
  }
}

function fieldRename(tables: readonly Table[], { entity, field, to }: Required<Rename>): Renamed {
  const steps: Step[] = []
  const [from, into] = [snakeCase(field), snakeCase(to)]
  const changed = tables.map((table): Table => {
    if (table.entity !== entity) return table
    if (table.link !== undefined) return table.link === field ? linkRename(table, to, steps) : table
    const names = new Map(table.columns.filter((column) => column.field === field).map(({ name }) => [name, `${into}${name.slice(from.length)}`]))
    for (const [name, next] of names) steps.push({ up: [renameColumn(table.name, name, next)], down: [renameColumn(table.name, next, name)] })
    return withColumns(table, names, field, to)
  })
  return { tables: changed, steps }
}

function linkRename(table: Table, to: string, steps: Step[]): Table {
  const name = sqlName(snakeCase(table.entity), snakeCase(to))
  steps.push({ up: [renameTable(table.name, name)], down: [renameTable(name, table.name)] })
  return { ...table, name, link: to, columns: table.columns.map((column) => (column.field === undefined ? column : { ...column, field: to })) }
}

/** PostgreSQL rewrites expressions and keys by itself; here is what they read like afterwards. */
function withColumns(table: Table, names: ReadonlyMap<string, string>, field: string, to: string): Table {
  const column = (name: string): string => names.get(name) ?? name
  const sql = (text: string): string => [...names].reduce((known, [from, into]) => (mentions(known, from) ? known.replaceAll(new RegExp(`(?<![\\w'])"?${from}"?(?![\\w'])`, 'g'), quoted(into)) : known), text)
  return {
    ...table,
    columns: table.columns.map((one) => ({ ...one, name: column(one.name), ...(one.field === field ? { field: to } : {}), ...(one.generated === undefined ? {} : { generated: sql(one.generated) }) })),
    constraints: table.constraints.map((one) => ({ ...one, columns: one.columns.map(column), sql: sql(one.sql) })),
    indexes: table.indexes.map((one) => ({ ...one, columns: one.columns.map(column) })),
  }
}
