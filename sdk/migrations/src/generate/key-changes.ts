import { mentions, quoted } from './names.ts'
import type { Constraint, Index, Table } from './model.ts'
import { constraintSql } from './table-sql.ts'
import { indexSql } from './tables-of.ts'
import { remark, type Step } from './steps.ts'

/** What of a table's constraints and indexes changes: before its columns do, and after. */
export interface KeySteps { early: Step[]; late: Step[] }

/**
 * From the keys of a table to those wanted, on a table that has rows: what takes long, checking them and building an index, is left to the steps
 * after the commit. `replaced` are columns that are others under the same name.
 */
export function keySteps(was: Table, is: Table, replaced: ReadonlySet<string>, afterSteps: boolean): KeySteps {
  // One column of several is filled before the other.
  const isFilled = (name: string): boolean => was.columns.find((column) => column.name === name)?.notNull !== is.columns.find((column) => column.name === name)?.notNull
  const constraints = pair(was.constraints, is.constraints, ({ sql }) => sql, (one) => one.columns.some((column) => replaced.has(column) || (one.columns.length > 1 && isFilled(column))))
  const indexes = pair(was.indexes, is.indexes, ({ columns, unique, using, where }) => JSON.stringify([columns, unique, using, where]), (one) => one.columns.some((column) => replaced.has(column)))
  const taken = new Set(is.indexes.map(({ name }) => name))
  return {
    early: [
      ...constraints.gone.map((one) => dropConstraint(is, one)),
      ...indexes.gone.map((one) => (taken.has(one.name) && afterSteps && !remakes(one, replaced) ? setAside(is, one) : dropIndex(is, one))),
      ...constraints.moved.map(([from, to]) => renameConstraint(is, from.name, to.name)), ...indexes.moved.map(([from, to]) => renameIndex(from.name, to.name)),
    ],
    late: [
      ...constraints.added.map((one) => addConstraint(is, one, afterSteps)),
      ...indexes.added.map((one) => addIndex(is, one, afterSteps)),
      ...(afterSteps ? indexes.gone.filter((one) => taken.has(one.name) && !remakes(one, replaced)).map((one) => dropAside(one)) : []),
    ],
  }
}

const remakes = ({ columns }: Index, replaced: ReadonlySet<string>): boolean => columns.some((column) => replaced.has(column))

interface Pairs<T> { gone: T[]; added: T[]; moved: [T, T][] }

/** The same thing under another name is renamed. */
function pair<T extends { name: string }>(was: readonly T[], is: readonly T[], meaning: (one: T) => string, isRemade: (one: T) => boolean): Pairs<T> {
  const known = new Map(was.filter((one) => !isRemade(one)).map((one) => [meaning(one), one]))
  const moved: [T, T][] = []
  const kept = new Set<T>()
  const added = is.filter((one) => {
    const found = known.get(meaning(one))
    if (found === undefined || kept.has(found)) return true
    kept.add(found)
    if (found.name !== one.name) moved.push([found, one])
    return false
  })
  return { gone: was.filter((one) => !kept.has(one)), added, moved }
}

const onTable = ({ name }: Table): string => `alter table ${quoted(name)}`

function dropConstraint(table: Table, constraint: Constraint): Step {
  return { up: [`${onTable(table)} drop constraint if exists ${quoted(constraint.name)}`], down: [...orphansGo(table, constraint), `${onTable(table)} add ${constraintSql(constraint)}`] }
}

/** What a record refers to may have been deleted while nothing held it; only a reference that may be empty can be emptied. */
function orphansGo(table: Table, { columns, references, sql }: Constraint): string[] {
  const [column] = columns
  if (references === undefined || column === undefined || !mentions(sql, references)) return []
  const orphans = `from ${quoted(references)} where ${quoted(references)}.id = ${quoted(table.name)}.${quoted(column)}`
  const where = `where ${quoted(column)} is not null and not exists (select ${orphans})`
  if (table.link !== undefined) return [`delete from ${quoted(table.name)} ${where}`]
  return table.columns.find(({ name }) => name === column)?.notNull === true ? [] : [`update ${quoted(table.name)} set ${quoted(column)} = null ${where}`]
}

function addConstraint(table: Table, constraint: Constraint, afterSteps: boolean): Step {
  const add = `${onTable(table)} add ${constraintSql(constraint)}`
  const down = [`${onTable(table)} drop constraint ${quoted(constraint.name)}`]
  return afterSteps ? { up: [`${add} not valid`], after: [`${onTable(table)} validate constraint ${quoted(constraint.name)}`], down } : { up: [add], down }
}

function renameConstraint(table: Table, from: string, to: string): Step {
  return { up: [`${onTable(table)} rename constraint ${quoted(from)} to ${quoted(to)}`], down: [`${onTable(table)} rename constraint ${quoted(to)} to ${quoted(from)}`] }
}

const moveIndex = (from: string, to: string): string => `alter index if exists ${quoted(from)} rename to ${quoted(to)}`
const renameIndex = (from: string, to: string): Step => ({ up: [moveIndex(from, to)], down: [moveIndex(to, from)] })

// An index that an after-step was to build may not be there yet, or be gone already.
const dropIndex = (table: Table, index: Index): Step => ({ up: [`drop index if exists ${quoted(index.name)}`], down: [indexSql(index, table.name, 'if not exists ')] })

function addIndex(table: Table, index: Index, afterSteps: boolean): Step {
  const down = [`drop index if exists ${quoted(index.name)}`]
  if (!afterSteps) return { up: [indexSql(index, table.name)], down }
  const create = indexSql(index, table.name, 'concurrently if not exists ')
  return { after: [index.unique ? remark('Fails, and is tried again, while two records of a tenant share the values.', create) : create], down }
}

const asideName = (name: string): string => `old_${name}`.slice(0, 63)

/** The index serves under another name until the one that takes its place is built. */
function setAside(table: Table, index: Index): Step {
  return { up: [moveIndex(index.name, asideName(index.name))], down: [moveIndex(asideName(index.name), index.name), indexSql(index, table.name, 'if not exists ')] }
}

const dropAside = (index: Index): Step => ({ after: [`drop index concurrently if exists ${quoted(asideName(index.name))}`] })
