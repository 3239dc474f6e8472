import { columnSteps, type Setting } from './column-changes.ts'
import { keySteps } from './key-changes.ts'
import { quoted, snakeCase } from './names.ts'
import type { Aside, Script, Table } from './model.ts'
import { renamed, type Rename } from './renames.ts'
import { addColumn, dropColumn, keptName, remark, renameTable, scriptOf, type Step } from './steps.ts'
import { addKeysSql, constraintSql, createTableSql } from './table-sql.ts'

export interface Change {
  /** The tables there are, and what is kept of earlier ones. */
  before: { tables: readonly Table[]; aside: readonly Aside[] }
  /** The tables wanted. */
  tables: readonly Table[]
  /** Version that the migration is for: what an earlier one put aside is dropped. */
  release: string
  renames: readonly Rename[]
  backfills: ReadonlyMap<string, string>
  /** False for plugins that run on SDK 1.0, which has no steps after the commit. */
  afterSteps: boolean
}

export interface Planned {
  script: Script
  aside: readonly Aside[]
}

/** The migration between two sets of tables. What is only in one of them was dropped or added: renames are to be said. @throws validation-failed */
export function planMigration(change: Change): Planned {
  const { tables: wanted, before } = change
  if (before.tables.length === 0 && before.aside.length === 0) return { script: scriptOf(firstTables(wanted)), aside: [] }
  const { tables: old, steps: renaming } = renamed(before.tables, change.renames)
  const names = new Set(wanted.map(({ name }) => name))
  const parts = changedTables(old, wanted, change)
  const added = wanted.filter((table) => !old.some(({ name }) => name === table.name))
  const gone = old.filter(({ name }) => !names.has(name))
  const movedAside = [...parts.flatMap(({ aside }) => aside), ...gone.map((table): Aside => ({ release: change.release, table: { ...table, name: keptName(table.name), constraints: table.constraints.filter(({ references }) => references === undefined) } }))]
  const { due, kept } = settle(before.aside, movedAside, change, gone)
  const steps = [
    ...due.map(forget), ...renaming,
    ...parts.flatMap(({ early }) => early), ...gone.map((table) => looseKeys(table)), ...gone.map((table) => ({ up: [renameTable(table.name, keptName(table.name))], down: [renameTable(keptName(table.name), table.name)] })),
    ...parts.flatMap(({ records }) => records), ...added.map(createTable), ...parts.flatMap(({ columns }) => columns), ...parts.flatMap(({ late }) => late), ...added.map(addKeys),
  ]
  return { script: scriptOf(steps), aside: [...kept, ...movedAside] }
}

/** Nothing was there, so nothing can be lost on the way back. */
function firstTables(tables: readonly Table[]): Step[] {
  const keys = (table: Table): Step => ({ up: addKeysSql(table), down: table.constraints.filter(({ references }) => references !== undefined).map(({ name }) => `alter table ${quoted(table.name)} drop constraint ${quoted(name)}`) })
  return [...tables.map((table) => ({ up: [createTableSql(table)], down: [`drop table ${quoted(table.name)}`] })), ...tables.map(keys)]
}

interface ChangedTable { early: Step[]; records: Step[]; columns: Step[]; late: Step[]; aside: Aside[] }

function changedTables(old: readonly Table[], wanted: readonly Table[], setting: Setting): ChangedTable[] {
  return wanted.flatMap((is) => {
    const was = old.find(({ name }) => name === is.name)
    if (was === undefined) return []
    const columns = columnSteps(was, is, setting)
    const keys = keySteps(was, is, columns.replaced, setting.afterSteps)
    return [{ early: [...keys.early, ...columns.early], records: columns.records, columns: columns.columns, late: [...columns.late, ...keys.late], aside: columns.aside }]
  })
}

/** What is dropped now, and what stays for a later release. A name that is needed again is freed. */
function settle(aside: readonly Aside[], moved: readonly Aside[], { release, tables, renames }: Change, gone: readonly Table[]): { due: Aside[]; kept: Aside[] } {
  const names = new Map(renames.filter(({ field }) => field === undefined).map(({ entity, to }) => [snakeCase(entity), snakeCase(to)]))
  const taken = new Set([...moved.map(placeOf), ...tables.flatMap((table) => [table.name, ...table.indexes.map(({ name }) => name)])])
  const isDue = (one: Aside): boolean => one.release !== release || taken.has(placeOf(one)) || (one.column === undefined && one.table.indexes.some(({ name }) => taken.has(name)))
  // Columns put aside in a table that goes go with it.
  const goesAlong = (one: Aside): boolean => one.column !== undefined && gone.some(({ name }) => name === one.table)
  return { due: aside.filter(isDue), kept: aside.filter((one) => !isDue(one) && !goesAlong(one)).map((one) => (one.column === undefined ? one : { ...one, table: names.get(one.table) ?? one.table })) }
}

const placeOf = (one: Aside): string => (one.column === undefined ? one.table.name : `${one.table}.${one.column.name}`)

/** The way back makes the place again, empty: an earlier way back looks for it there. */
function forget(one: Aside): Step {
  if (one.column !== undefined) return { up: [remark(`Put aside by ${one.release}.`, dropColumn(one.table, one.column.name))], down: [addColumn(one.table, one.column)] }
  return { up: [remark(`Put aside by ${one.release}.`, `drop table ${quoted(one.table.name)}`)], down: [createTableSql(one.table), ...addKeysSql(one.table)] }
}

/** What is put aside holds nobody back from deleting what it refers to. */
function looseKeys(table: Table): Step {
  const keys = table.constraints.filter(({ references }) => references !== undefined)
  const on = `alter table ${quoted(table.name)}`
  return { up: keys.map(({ name }) => `${on} drop constraint if exists ${quoted(name)}`), down: keys.flatMap((key) => [...withoutParent(table, key), `${on} add ${constraintSql(key)}`]) }
}

function withoutParent(table: Table, { columns, references = '' }: Table['constraints'][number]): string[] {
  const column = quoted(columns[0] ?? '')
  const isRequired = table.columns.find(({ name }) => name === columns[0])?.notNull === true
  const where = `where ${column} is not null and not exists (select from ${quoted(references)} parent where parent.id = ${quoted(table.name)}.${column})`
  return [remark(`What it refers to may be gone by now.`, isRequired ? `delete from ${quoted(table.name)} ${where}` : `update ${quoted(table.name)} set ${column} = null ${where}`)]
}

/** A way back puts the table aside with its rows; the way up again finds it there. */
function createTable(table: Table): Step {
  const place = keptName(table.name)
  return { up: [remark('Rows that a way back put aside are found again.', createTableSql(table, place, 'if not exists ')), renameTable(place, table.name)], down: [renameTable(table.name, place)] }
}

function addKeys(table: Table): Step {
  const loose = looseKeys(table)
  return { up: [...loose.down ?? [], ...addKeysSql({ ...table, constraints: [] }).map((index) => index.replace(/^create (unique )?index /, 'create $1index if not exists '))], down: loose.up ?? [] }
}
