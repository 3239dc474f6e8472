import { OpsFluxError } from '@opsflux/sdk'
import { castOf, isConvertible, type Cast } from './casts.ts'
import { literal, mentions, quoted } from './names.ts'
import type { Aside, Column, Table } from './model.ts'
import { addColumn, alterColumn, droppedName, dropColumn, fill, keepValues, keptName, plainCopy, remark, renameColumn, type Step } from './steps.ts'
import { neutralValue } from './values.ts'

/** What a change of columns has to know besides them. */
export interface Setting {
  release: string
  /** Values for rows that are there, as SQL, by `entity.field` or, of a second column, `entity.column_name`. */
  backfills: ReadonlyMap<string, string>
  afterSteps: boolean
}

export interface ColumnSteps {
  early: Step[]
  /** Records that go: after the tables that refer to them went, so that those keep theirs. */
  records: Step[]
  columns: Step[]
  late: Step[]
  aside: Aside[]
  /** Columns that are others under the same name, so that what stands on them is made anew too. */
  replaced: Set<string>
}

/** From the columns of a table to those wanted. */
export function columnSteps(was: Table, is: Table, setting: Setting): ColumnSteps {
  const [old, wanted] = [byName(was), byName(is)]
  const isStored = (column: Column | undefined): column is Column => column !== undefined && column.generated === undefined
  const steps: ColumnSteps = { early: [], records: [], columns: [], late: [], aside: [], replaced: remadeColumns(was, is) }
  for (const name of steps.replaced) {
    const [before, after] = [old.get(name), wanted.get(name)]
    if (before?.generated !== undefined) steps.early.push({ up: [dropColumn(is.name, name)], down: [addColumn(is.name, before)] })
    if (after?.generated !== undefined) steps.late.push({ up: [heavy(addColumn(is.name, after))], down: [dropColumn(is.name, name)] })
  }
  const stays = ({ name }: Column): boolean => {
    const [before, after] = [old.get(name), wanted.get(name)]
    return isStored(before) && isStored(after) && isConvertible(before, after)
  }
  const gone = was.columns.filter((column) => isStored(column) && !stays(column))
  if (gone.some(({ name }) => name === 'deleted_at')) addTo(steps, emptyBin(was, is, setting))
  for (const column of gone) addTo(steps, moveAside(is, column, setting))
  for (const group of groups(is.columns.filter((column) => isStored(column) && !stays(column)))) steps.columns.push(...addGroup(is, group, setting))
  for (const column of is.columns) {
    if (isStored(column) && old.has(column.name) && !stays(column)) steps.replaced.add(column.name)
    const before = old.get(column.name)
    if (before !== undefined && stays(column)) addTo(steps, alter(is, before, column, setting))
  }
  return steps
}

type Part = Partial<Pick<ColumnSteps, 'early' | 'records' | 'columns' | 'late' | 'aside'>>
function addTo(steps: ColumnSteps, { early = [], records = [], columns = [], late = [], aside = [] }: Part): void {
  steps.early.push(...early)
  steps.records.push(...records)
  steps.columns.push(...columns)
  steps.late.push(...late)
  steps.aside.push(...aside)
}

const byName = ({ columns }: Table): Map<string, Column> => new Map(columns.map((column) => [column.name, column]))
const groups = (columns: readonly Column[]): Column[][] => [...Map.groupBy(columns, ({ field, name }) => field ?? name).values()]
const heavy = (statement: string): string => remark('Writes the table anew while requests wait: minutes for millions of rows (see the guide on migrations).', statement)

/** Computed columns that change, or that read a column whose type changes or that goes. */
function remadeColumns(was: Table, is: Table): Set<string> {
  const wanted = byName(is)
  const changed = was.columns.filter((column) => wanted.get(column.name)?.type !== column.type || (wanted.get(column.name)?.generated === undefined) !== (column.generated === undefined)).map(({ name }) => name)
  const isKept = (column: Column): boolean => {
    const after = wanted.get(column.name)
    return after?.generated === column.generated && after?.type === column.type && !changed.some((name) => mentions(column.generated ?? '', name))
  }
  const kept = new Set(was.columns.filter((column) => column.generated !== undefined && isKept(column)).map(({ name }) => name))
  return new Set([...was.columns, ...is.columns].filter(({ name, generated }) => generated !== undefined && !kept.has(name)).map(({ name }) => name))
}

/** Without a bin its records would be back among the others. */
function emptyBin(was: Table, is: Table, { release }: Setting): Part {
  const [place, stored] = [keptName(is.name, 'bin'), was.columns.filter(({ generated }) => generated === undefined)]
  const list = stored.map(({ name }) => quoted(name)).join(', ')
  return {
    records: [{
      up: [
        remark('There is no bin any more: what is in it is put away.', `create table ${quoted(place)} as select ${list} from ${quoted(is.name)} where deleted_at is not null`),
        alterColumn(place, 'tenant_id', 'set not null'), `delete from ${quoted(is.name)} where deleted_at is not null`,
      ],
      down: [`insert into ${quoted(is.name)} (${list}) select ${list} from ${quoted(place)}`, `drop table ${quoted(place)}`],
    }],
    aside: [{ release, table: plainCopy(place, is.entity, stored) }],
  }
}

/** The values of a field that goes stay under another name until a later release drops them. */
function moveAside(table: Table, column: Column, setting: Setting): Part {
  const [name, aside] = [column.name, droppedName(column.name)]
  const loosened = [...(column.notNull ? ['drop not null'] : []), ...(column.default === undefined ? [] : ['drop default'])]
  const up = [renameColumn(table.name, name, aside), ...loosened.map((action) => alterColumn(table.name, aside, action))]
  const down = [renameColumn(table.name, aside, name), ...(column.notNull ? requireAgain(table, column, setting) : []), ...(column.default === undefined ? [] : [alterColumn(table.name, name, `set default ${column.default}`)])]
  return { columns: [{ up, down }], aside: [{ release: setting.release, table: table.name, column: { name: aside, type: column.type, notNull: false } }] }
}

/** Of the way back: records written since have no value. */
function requireAgain(table: Table, column: Column, setting: Setting): string[] {
  const value = setting.backfills.get(`${table.entity}.${column.field ?? column.name}`) ?? neutralValue(column)
  const required = alterColumn(table.name, column.name, 'set not null')
  if (value === undefined) return [remark('Fails once records were written without a value; the platform then goes back by its restore point.', required)]
  return [remark('CHECK THIS VALUE: it is for records written since, which have none.', fill(table.name, column.name, value)), required]
}

/** A new field. A way back keeps its values in a table of their own, and the way up again takes them home. */
function addGroup(table: Table, group: readonly Column[], setting: Setting): Step[] {
  const [first] = group
  const place = keptName(table.name, first?.name ?? '')
  const [names, isLate] = [group.map((column) => quoted(column.name)), (column: Column): boolean => column.notNull && column.default === undefined]
  return [{
    up: [...group.map((column) => addColumn(table.name, isLate(column) ? { ...column, notNull: false } : column)), ...comeHome(table, place, group)],
    down: [
      `create table ${quoted(place)} as select id, tenant_id, ${names.join(', ')} from ${quoted(table.name)} where ${names.map((name) => `${name} is not null`).join(' and ')}`,
      alterColumn(place, 'tenant_id', 'set not null'), ...group.map(({ name }) => dropColumn(table.name, name)),
    ],
  }, ...group.map((column) => (isLate(column) ? { up: requireNow(table, column, setting) } : backfilled(table, column, setting)))]
}

const comeHome = ({ name: table }: Table, place: string, columns: readonly Column[]): string[] => [
  remark('Values that a way back put away come home.', `create table if not exists ${quoted(place)} (id uuid, tenant_id uuid not null, ${columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ')})`),
  `update ${quoted(table)} set ${columns.map(({ name }) => `${quoted(name)} = kept.${quoted(name)}`).join(', ')} from ${quoted(place)} kept where kept.id = ${quoted(table)}.id`,
  `drop table ${quoted(place)}`,
]

function backfillOf(table: Table, column: Column, { backfills }: Setting): string | undefined {
  return backfills.get(`${table.entity}.${column.name}`) ?? backfills.get(`${table.entity}.${column.field ?? column.name}`)
}

function requireNow(table: Table, column: Column, setting: Setting): string[] {
  const given = backfillOf(table, column, setting)
  const value = given ?? neutralValue(column)
  if (value === undefined) {
    throw new OpsFluxError('validation-failed', `${table.entity}.${column.field ?? column.name} is required, and there is no value that records which exist could take by themselves. Say which with --backfill ${table.entity}.${column.field ?? column.name}="<SQL expression>", give it a default, or let it be empty.`)
  }
  const filled = fill(table.name, column.name, value)
  return [given === undefined ? remark(`CHECK THIS VALUE: ${column.field ?? column.name} is required and has no default, so records that exist get this one.`, filled) : filled, alterColumn(table.name, column.name, 'set not null')]
}

/** In portions, each committed by itself, so that nobody waits. */
function backfilled(table: Table, column: Column, setting: Setting): Step {
  const value = backfillOf(table, column, setting)
  if (value === undefined) return {}
  if (!setting.afterSteps) return { up: [fill(table.name, column.name, value)] }
  const [name, target] = [quoted(column.name), quoted(table.name)]
  return { after: [`update ${target} set ${name} = ${value} where id in (select id from ${target} where ${name} is null and (${value}) is not null limit ${batchSize})`] }
}

const batchSize = 10_000

/** Type, values, default and whether it may be empty. */
function alter(table: Table, was: Column, is: Column, setting: Setting): Part {
  const cast = was.type === is.type ? undefined : castOf(was.type, is.type)
  const fallback = is.notNull ? backfillOf(table, is, setting) ?? neutralValue(is) : undefined
  const parts: Part[] = [
    ...(was.notNull && !is.notNull ? [{ columns: [{ up: [alterColumn(table.name, is.name, 'drop not null')], down: requireAgain(table, was, setting) }] }] : []),
    ...(cast === undefined ? [] : [castColumn(table, was, is, cast, fallback, setting)]),
    dropValues(table, was, is, setting), newValues(table, was, is),
    ...(is.notNull && !was.notNull ? [requireField(table, is, setting)] : []),
    ...(cast === undefined && was.default !== is.default ? [{ columns: [{ up: [setDefault(table, is)], down: [setDefault(table, was)] }] }] : []),
  ]
  return { early: parts.flatMap(({ early = [] }) => early), columns: parts.flatMap(({ columns = [] }) => columns), aside: parts.flatMap(({ aside = [] }) => aside) }
}

const setDefault = (table: Table, { name, default: value }: Column): string => alterColumn(table.name, name, value === undefined ? 'drop default' : `set default ${value}`)

function castColumn(table: Table, was: Column, is: Column, cast: Cast, fallback: string | undefined, setting: Setting): Part {
  const [name, back] = [quoted(is.name), castOf(is.type, was.type)]
  const there = converted(cast, name, is, fallback)
  const again = back === undefined ? undefined : converted(back, name, was, was.notNull ? neutralValue(was) : undefined)
  const change = (to: Column, using: string): string[] => [
    ...(was.default === undefined && is.default === undefined ? [] : [alterColumn(table.name, is.name, 'drop default')]),
    ...[alterColumn(table.name, is.name, `type ${to.type}${using === name ? '' : ` using ${using}`}`)].map((statement) => (using === name ? statement : heavy(statement))),
    ...(to.default === undefined ? [] : [setDefault(table, to)]),
  ]
  const lost = back === undefined ? `${name} is not null` : `${name} is distinct from ${back.sql(`(${there})`)}`
  const kept = cast.losesSome || (there !== name && back?.losesSome !== false) ? keepValues(table, was.name, [{ name: was.name, type: was.type, notNull: false }], lost, setting.release) : undefined
  return { columns: [...(kept === undefined ? [] : [kept.step]), { up: change(is, there), down: change(was, again ?? 'null') }], aside: kept === undefined ? [] : [kept.aside] }
}

const converted = (cast: Cast, name: string, { notNull }: Column, fallback: string | undefined): string =>
  (cast.losesSome && notNull && fallback !== undefined && cast.sql(name).startsWith('case') ? `coalesce(${cast.sql(name)}, ${fallback})` : cast.sql(name))

/** Records whose value is not in the list, or not any more. */
function dropValues(table: Table, was: Column, is: Column, setting: Setting): Part {
  if (is.values === undefined || was.values?.every((value) => is.values?.includes(value)) === true) return {}
  const name = quoted(is.name)
  const where = `${name} not in (${is.values.map(literal).join(', ')})`
  const kept = keepValues(table, `${is.name}_values`, [is], where, setting.release)
  const value = backfillOf(table, is, setting) ?? (is.notNull ? neutralValue(is) : 'null') ?? 'null'
  return { columns: [kept.step, { up: [remark('CHECK THIS VALUE: it takes the place of those that are no longer allowed.', `update ${quoted(table.name)} set ${name} = ${value} where ${where}`)] }], aside: [kept.aside] }
}

/** Values that the earlier release does not know: records that have one get another on the way back, and theirs again on the way up. */
function newValues(table: Table, was: Column, is: Column): Part {
  if (was.values === undefined || is.values?.every((value) => was.values?.includes(value)) === true) return {}
  const [place, name] = [keptName(table.name, `${is.name}_new_values`), quoted(is.name)]
  const where = `where ${name} not in (${was.values.map(literal).join(', ')})`
  const value = was.notNull ? neutralValue(was) ?? 'null' : 'null'
  return {
    columns: [{
      up: comeHome(table, place, [is]),
      down: [
        `create table ${quoted(place)} as select id, tenant_id, ${name} from ${quoted(table.name)} ${where}`, alterColumn(place, 'tenant_id', 'set not null'),
        remark('CHECK THIS VALUE: it takes the place of those that the earlier release does not know.', `update ${quoted(table.name)} set ${name} = ${value} ${where}`),
      ],
    }],
  }
}

function requireField(table: Table, is: Column, setting: Setting): Part {
  const kept = keepValues(table, `${is.name}_empty`, [is], `${quoted(is.name)} is null`, setting.release)
  return { columns: [kept.step, { up: requireNow(table, is, setting), down: [alterColumn(table.name, is.name, 'drop not null')] }], aside: [kept.aside] }
}
