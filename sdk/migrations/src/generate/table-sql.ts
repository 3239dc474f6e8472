import { columnList, quoted } from './names.ts'
import type { Column, Constraint, Table } from './model.ts'
import { indexSql } from './tables-of.ts'

/** `site varchar(120) not null default 'A'`, with its check when it is one of a list. */
export function columnSql({ name, type, notNull, default: value, generated }: Column, check?: Constraint): string {
  const parts = [quoted(name), type, ...(generated === undefined ? [] : [`generated always as (${generated}) stored`]), ...(notNull ? ['not null'] : []),
    ...(value === undefined ? [] : [`default ${value}`]), ...(check === undefined ? [] : [constraintSql(check)])]
  return parts.join(' ')
}

export const constraintSql = ({ name, sql }: Constraint): string => `constraint ${quoted(name)} ${sql}`

/** A table without its foreign keys and indexes: those follow once every table is there. */
export function createTableSql(table: Table, name = table.name, way = ''): string {
  const checks = table.constraints.filter(({ references }) => references === undefined)
  const checkOf = ({ name: column, values }: Column): Constraint | undefined => (values === undefined ? undefined : checks.find(({ columns }) => columns.length === 1 && columns[0] === column))
  const inline = new Set(table.columns.map(checkOf))
  const [only] = table.primaryKey
  const key = table.primaryKey.length === 1 ? only : undefined
  const lines = [
    ...table.columns.map((column) => (column.name === key ? keySql(column) : columnSql(column, checkOf(column)))),
    ...checks.filter((check) => !inline.has(check)).map(constraintSql),
    ...(table.primaryKey.length > 1 ? [`primary key (${columnList(table.primaryKey)})`] : []),
  ]
  return `create table ${way}${quoted(name)} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n)`
}

const keySql = ({ name, type, default: value }: Column): string => [quoted(name), type, 'primary key', ...(value === undefined ? [] : [`default ${value}`])].join(' ')

/** Foreign keys and indexes of a table that is there. */
export const addKeysSql = (table: Table): string[] => [
  ...table.constraints.filter(({ references }) => references !== undefined).map((key) => `alter table ${quoted(table.name)} add ${constraintSql(key)}`),
  ...table.indexes.map((index) => indexSql(index, table.name)),
]
