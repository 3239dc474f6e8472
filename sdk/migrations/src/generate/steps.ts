import { columnSql } from './table-sql.ts'
import { quoted, sqlName } from './names.ts'
import type { Aside, Column, Script, Table } from './model.ts'

/** One thought of a migration. The way back takes the steps in reverse. */
export interface Step {
  up?: readonly string[]
  down?: readonly string[]
  after?: readonly string[]
}

export const scriptOf = (steps: readonly Step[]): Script => ({
  up: steps.flatMap(({ up = [] }) => up),
  down: steps.toReversed().flatMap(({ down = [] }) => down),
  after: steps.flatMap(({ after = [] }) => after),
})

export const remark = (text: string, statement: string): string => `${text.split('\n').map((line) => `-- ${line}`).join('\n')}\n${statement}`

export const keptName = (table: string, what?: string): string => sqlName('kept', what === undefined ? table : `${table}__${what}`)
export const droppedName = (column: string): string => sqlName('dropped', column)

const onTable = (table: string, action: string): string => `alter table ${quoted(table)} ${action}`
export const alterColumn = (table: string, column: string, action: string): string => onTable(table, `alter column ${quoted(column)} ${action}`)
export const addColumn = (table: string, column: Column): string => onTable(table, `add column ${columnSql(column)}`)
export const dropColumn = (table: string, column: string): string => onTable(table, `drop column ${quoted(column)}`)
export const renameColumn = (table: string, from: string, to: string): string => onTable(table, `rename column ${quoted(from)} to ${quoted(to)}`)
export const renameTable = (from: string, to: string): string => onTable(from, `rename to ${quoted(to)}`)
export const fill = (table: string, column: string, value: string): string => `update ${quoted(table)} set ${quoted(column)} = ${value} where ${quoted(column)} is null`

/** Columns of a table put away for the way back, with the revision that says whether a record was written since. */
export function keepValues({ name, entity, columns }: Table, what: string, kept: readonly Column[], where: string, release: string): { step: Step; aside: Aside } {
  const [place, names] = [keptName(name, what), kept.map((column) => quoted(column.name))]
  const list = ['id', 'tenant_id', 'revision', ...names].join(', ')
  const assigned = names.map((column) => `${column} = kept.${column}`).join(', ')
  const host = columns.filter((column) => ['id', 'tenant_id', 'revision'].includes(column.name))
  return {
    step: {
      up: [`create table ${quoted(place)} as select ${list} from ${quoted(name)} where ${where}`, alterColumn(place, 'tenant_id', 'set not null')],
      down: [
        remark('Records that nobody has written since get their value back.', `update ${quoted(name)} set ${assigned} from ${quoted(place)} kept where kept.id = ${quoted(name)}.id and kept.revision = ${quoted(name)}.revision`),
        `drop table ${quoted(place)}`,
      ],
    },
    aside: { release, table: plainCopy(place, entity, [...host, ...kept]) },
  }
}

/** As `create table … as select` makes it: types, and nothing else. */
export function plainCopy(name: string, entity: string, columns: readonly Column[]): Table {
  return { name, entity, primaryKey: [], constraints: [], indexes: [], columns: columns.map((column) => ({ name: column.name, type: column.type, notNull: column.name === 'tenant_id' })) }
}
