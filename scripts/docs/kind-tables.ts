import { fieldKinds, operatorNames, type FieldDeclaration, type FieldKind, type Json } from '@opsflux/sdk'
import { tablesOf } from '@opsflux/migrations/generate'
import { columnsOf, type Column } from '../../core/data/src/entities/columns.ts'
import { operatorCondition } from '../../core/data/src/entities/operators.ts'
import { takes } from './declarations.ts'

interface Shown {
  /** As it is written in `entities.ts`. */
  declared: string
  holds: string
  value: Json
  /** What the kind cannot be declared without. */
  needed?: Partial<FieldDeclaration>
}

const id = '0198c0de-0000-7000-8000-000000000001'

/** One of each kind, as `docs/reference/entities.md` shows it. */
export const shownKinds: Record<FieldKind, Shown> = {
  string: { declared: 'field.string()', holds: 'text of one line', value: 'Pump 12' },
  text: { declared: 'field.text()', holds: 'text of several lines', value: 'Seal worn.\nOrdered.' },
  richText: { declared: 'field.richText()', holds: 'CommonMark; raw HTML in it is shown as text', value: '**Isolate** first' },
  integer: { declared: 'field.integer()', holds: 'whole number, from -2^53+1 to 2^53-1', value: 12 },
  decimal: { declared: 'field.decimal()', holds: 'exact decimal, as text', value: '12.50' },
  money: { declared: 'field.money()', holds: 'smallest units of a currency of ISO 4217', value: { minor: 1250, currency: 'EUR' } },
  boolean: { declared: 'field.boolean()', holds: 'yes or no', value: true },
  date: { declared: 'field.date()', holds: 'day of the calendar, years 1 to 9999', value: '2026-03-01' },
  datetime: { declared: 'field.datetime()', holds: 'instant, RFC 3339; kept to the microsecond, answered in UTC with milliseconds', value: '2026-03-01T08:30:00.000Z' },
  zonedDatetime: { declared: 'field.zonedDatetime()', holds: 'instant and IANA zone, RFC 9557', value: '2026-03-01T09:30:00.000+01:00[Africa/Libreville]' },
  timeRange: { declared: 'field.timeRange()', holds: 'from an instant up to, not including, another; `to: null` has no end', value: { from: '2026-03-01T08:00:00.000Z', to: null } },
  duration: { declared: 'field.duration()', holds: 'whole seconds', value: 5400 },
  enum: { declared: 'field.enum([…])', holds: 'one of a list', value: 'low', needed: { values: ['low', 'high'] } },
  json: { declared: 'field.json()', holds: 'any JSON of at most 64 KiB and 100 levels, or what fits `schema`', value: { points: [1, 2] } },
  reference: { declared: "field.reference('site')", holds: 'id of a record of the plugin, or of one it depends on: `hse-reports/incident`', value: id, needed: { entity: 'sample' } },
  manyToMany: { declared: "field.manyToMany('permit')", holds: 'ids of records, in order, none twice', value: [id], needed: { entity: 'sample' } },
  user: { declared: 'field.user()', holds: 'id of a user of the tenant', value: id },
  company: { declared: 'field.company()', holds: 'id of a company of the tenant', value: id },
  department: { declared: 'field.department()', holds: 'id of a department of the tenant', value: id },
  file: { declared: 'field.file()', holds: 'id of an uploaded file', value: id },
  geoPoint: { declared: 'field.geoPoint()', holds: 'place, WGS 84, decimal degrees', value: { lat: 0.39, lng: 9.45 } },
  sequence: { declared: "field.sequence('INC-{year}-{number:4}')", holds: 'number given at creation, as text', value: 'INC-2026-0001', needed: { sequence: 'N-{number}' } },
  encrypted: { declared: 'field.encrypted()', holds: 'text, sealed with AES-256-GCM', value: 'opens the valve' },
}

/** What each kind holds, in JSON and in PostgreSQL. */
export function valueTable(): string {
  const rows = fieldKinds.map((kind) => {
    const { declared, holds, value } = shownKinds[kind]
    return `| \`${declared}\` | ${holds} | \`${JSON.stringify(value)}\` | ${columnsShown(kind)} |`
  })
  return ['| declared | holds | in JSON | columns of `x` |', '|---|---|---|---|', ...rows].join('\n')
}

export const sampleOf = (kind: FieldKind, more: object = {}): FieldDeclaration => ({ kind, ...shownKinds[kind].needed, ...more })

function columnsShown(kind: FieldKind): string {
  const [table, link] = tablesOf([{ name: 'sample', fields: { x: sampleOf(kind) } }])
  if (link) return `none: table \`<entity>_x\` (${link.columns.map(({ name }) => name).join(', ')})`
  return (table?.columns ?? []).filter(({ field }) => field === 'x').map(({ name, type }) => `\`${name} ${type}\``).join(', ')
}

const common = ['required', 'default', 'unique', 'index', 'label', 'help', 'read', 'write', 'personal'] as const
const special: Record<string, NonNullable<Json>> = {
  min: 0, max: 9, maxLength: 9, pattern: 'a', precision: 9, scale: 2, values: ['low'], currencies: ['EUR'], schema: { type: 'object' }, onDelete: 'cascade', gapless: true, search: 'A',
}
// plugin.json of SDK 1.0 knew these; `field.json` does not.
const keptForOldReleases: readonly string[] = ['json.unique', 'json.index']

/** Which options and operators a kind has. */
export function useTable(): string {
  const rows = fieldKinds.map((kind) => {
    const column = columnOf(kind)
    const own = Object.entries(special).filter(([option, value]) => hasOption(kind, option, value)).map(([option]) => option)
    const lacking = common.filter((option) => !hasOption(kind, option, usual(kind)[option]))
    return `| \`${kind}\` | ${codes(own)} | ${codes(lacking)} | ${codes(operatorsOf(column))} | ${saidIf(column.isSortable)} | ${saidIf(column.isGroupable)} |`
  })
  return ['| kind | options of its own | common options it lacks | operators | sorted by | grouped by |', '|---|---|---|---|---|---|', ...rows].join('\n')
}

const usual = (kind: FieldKind): Record<(typeof common)[number], Json> => ({
  required: true, default: shownKinds[kind].value, unique: true, index: true, label: 'a.key', help: 'a.key', read: 'approve', write: 'approve', personal: true,
})

function hasOption(kind: FieldKind, option: string, value: Json): boolean {
  const isGiven = Object.hasOwn(shownKinds[kind].needed ?? {}, option)
  return isGiven || (!keptForOldReleases.includes(`${kind}.${option}`) && takes({ fields: { x: sampleOf(kind, { [option]: value }) } }))
}

const operands: Json[] = [true, 1, 'x', '1', ...Object.values(shownKinds).map(({ value }) => value), { lat: 1, lng: 2, metres: 3 }]

function columnOf(kind: FieldKind): Column {
  const column = columnsOf({ name: 'sample', fields: { x: sampleOf(kind) } }, 'doc-sample').get('x')
  if (!column) throw new Error(`There is no column of the kind ${kind}.`)
  return column
}

/** Those with which some value can be asked for, by the engine itself. */
function operatorsOf(column: Column): string[] {
  const works = (operator: string, operand: Json): boolean => {
    try {
      return operatorCondition(column, operator, operand) !== undefined
    } catch {
      return false
    }
  }
  return operatorNames.filter((operator) => operands.some((operand) => works(operator, operand) || works(operator, [operand]) || works(operator, [operand, operand])))
}

const saidIf = (can: boolean): string => (can ? 'yes' : 'no')
const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(' ')
