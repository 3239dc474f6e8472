import { quoteIdentifier } from '../database/roles.ts'
import type { ColumnStructure, ConstraintStructure, IndexStructure, TableStructure } from './schema-structure.ts'

/** A table as it should be and as it is. */
interface Pair {
  wanted: TableStructure
  found: TableStructure
}

export interface DriftRules {
  /** A release built before features existed: made by hand, it needs less. */
  isOld: boolean
  /** Columns whose fields ask for an index. */
  indexed: ReadonlySet<string>
}

/** The statements, without their table, that make a table what it should be. */
export function tableDrift(pair: Pair, rules: DriftRules): string[] {
  return [...columnDrift(pair, rules), ...checkDrift(pair), ...keyDrift(pair), ...indexDrift(pair, rules)]
}

const setByHost: ReadonlySet<string> = new Set(['created_by', 'updated_by'])
/** What a dropped field leaves until the next release. */
const isAside = (column: string): boolean => column.startsWith('dropped_')

function columnDrift({ wanted, found }: Pair, rules: DriftRules): string[] {
  const named = new Map(found.columns.map((column) => [column.name, column]))
  const missing = wanted.columns.flatMap((column) => oneColumn(column, named.get(column.name), rules))
  const unwanted = found.columns.filter(({ name }) => !isAside(name) && !wanted.columns.some((column) => column.name === name))
  return [...missing, ...unwanted.map(({ name }) => `drop column ${quoteIdentifier(name)}`)]
}

function oneColumn(wanted: ColumnStructure, found: ColumnStructure | undefined, { isOld }: DriftRules): string[] {
  const [name, generated] = [quoteIdentifier(wanted.name), wanted.generated === null ? '' : ` generated always as (${wanted.generated}) stored`]
  if (!found) return [`add column ${name} ${wanted.type}${generated}${wanted.notNull ? ' not null' : ''}`]
  return [
    ...(found.type === wanted.type ? [] : [`alter column ${name} type ${wanted.type}`]),
    ...(found.generated === wanted.generated ? [] : [wanted.generated === null ? `alter column ${name} drop expression` : `alter column ${name} set expression as (${wanted.generated})`]),
    ...(found.notNull === wanted.notNull || setByHost.has(wanted.name) ? [] : [`alter column ${name} ${wanted.notNull ? 'set' : 'drop'} not null`]),
    // What the host leaves out when it writes; defaults of fields are given by the host.
    ...(isOld || found.hasDefault || !wanted.hasDefault || !hostDefaults.has(wanted.name) ? [] : [`alter column ${name} set default`]),
  ]
}

const hostDefaults: ReadonlySet<string> = new Set(['id', 'revision', 'created_at', 'updated_at', 'custom', 'state'])

function checkDrift({ wanted, found }: Pair): string[] {
  const checks = found.constraints.filter(({ kind }) => kind === 'check')
  return wanted.constraints.filter(({ kind }) => kind === 'check').flatMap((check) => {
    const rivals = checks.filter((one) => valuesOf(one) !== undefined && one.columns.join() === check.columns.join())
    // Without a check the host alone sees to the states.
    if (checks.some((one) => isSameCheck(check, one)) || (rivals.length === 0 && check.columns.join() === 'state')) return []
    return [...(valuesOf(check) === undefined ? [] : rivals.map(dropConstraint)), addConstraint(check)]
  })
}

const dropConstraint = ({ name }: ConstraintStructure): string => `drop constraint ${quoteIdentifier(name)}`
const addConstraint = ({ name, definition }: ConstraintStructure): string => `add constraint ${quoteIdentifier(name)} ${definition}`

// A check of values may have any name and list them in any order; errors tell others apart by their names.
function isSameCheck(wanted: ConstraintStructure, found: ConstraintStructure): boolean {
  const [left, right] = [valuesOf(wanted), valuesOf(found)]
  if (left && right) return wanted.columns.join() === found.columns.join() && left.join() === right.join()
  return wanted.name === found.name && wanted.definition === found.definition
}

/** The literals of `CHECK ((severity = ANY (ARRAY['low'::text, 'high'::text])))`, sorted. */
function valuesOf({ kind, columns, definition }: ConstraintStructure): string[] | undefined {
  const isList = kind === 'check' && columns.length === 1 && /^CHECK \(\("?\w+"? = (ANY \(ARRAY\[.*\]\)|'([^']|'')*'::text)\)\)$/s.test(definition)
  return isList ? [...definition.matchAll(/'((?:[^']|'')*)'/g)].map(([, value = '']) => value).toSorted() : undefined
}

function keyDrift({ wanted, found }: Pair): string[] {
  return wanted.constraints.filter(({ kind }) => kind !== 'check').flatMap((key) => {
    const rivals = found.constraints.filter((one) => one.kind === key.kind && (one.kind === 'primary key' || one.columns.join() === key.columns.join()))
    return rivals.some((one) => ruleOf(one) === ruleOf(key)) ? [] : [...rivals.map(dropConstraint), addConstraint(key)]
  })
}

// To refuse at once or at the end of the statement is the same here.
const ruleOf = ({ definition }: ConstraintStructure): string => definition.replace(' ON DELETE RESTRICT', '')

function indexDrift({ wanted, found }: Pair, { isOld, indexed }: DriftRules): string[] {
  const isAsked = ({ name, columns, isUnique }: IndexStructure): boolean => !wanted.constraints.some((key) => key.kind === 'primary key' && key.name === name) && (!isOld || isUnique || indexed.has(columns[1] ?? ''))
  return wanted.indexes.filter((index) => isAsked(index) && !found.indexes.some((one) => serves(one, index, isOld))).map(addIndex)
}

function serves(found: IndexStructure, wanted: IndexStructure, isOld: boolean): boolean {
  if (found.method !== wanted.method) return false
  if (wanted.isUnique) return found.isUnique && found.where === wanted.where && found.columns[0] === wanted.columns[0] && found.columns.slice(1).toSorted().join() === wanted.columns.slice(1).toSorted().join()
  if (found.where !== wanted.where) return false
  if (!isOld) return wanted.columns.every((column, place) => found.columns[place] === column)
  return found.columns[found.columns[0] === 'tenant_id' ? 1 : 0] === wanted.columns[1]
}

const addIndex = ({ columns, isUnique, method, where }: IndexStructure): string =>
  `create ${isUnique ? 'unique ' : ''}index on %table ${method === 'btree' ? '' : `using ${method} `}(${columns.join(', ')})${where === null ? '' : ` where ${where}`}`
