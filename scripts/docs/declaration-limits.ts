import { customFieldLimits, queryLimits, type EntityDeclaration, type FieldDeclaration, type FieldKind, type Json } from '@opsflux/sdk'
import { schemaOfField } from '@opsflux/data'
import { columnsOf } from '../../core/data/src/entities/columns.ts'
import { entityOf, takes, takesPlugin } from './declarations.ts'
import { sampleOf } from './kind-tables.ts'

type Parts = Partial<EntityDeclaration>

const names = (count: number, prefix = 'n'): string[] => Array.from({ length: count }, (_, at) => `${prefix}${at}`)
const table = <T>(count: number, value: (name: string) => T): Record<string, T> => Object.fromEntries(names(count).map((name) => [name, value(name)]))
const fieldWith = (kind: FieldKind, more: Partial<FieldDeclaration>): Parts => ({ fields: { x: sampleOf(kind, more) } })
const manyFields = (count: number): Parts['fields'] => table(count, () => ({ kind: 'string' as const }))
const stated = (values: string[], transitions: Record<string, { from: string; to: string; guard?: Record<string, Json> }> = {}): Parts => ({ states: { initial: values[0] ?? '', values, transitions } })

/** How far each can go; found by asking what judges packages. */
const limits: Record<string, (count: number) => boolean> = {
  'entities of a plugin': (count) => takesPlugin({ entities: names(count).map((name) => entityOf({ name })) }),
  'fields of an entity': (count) => takes({ fields: manyFields(count) ?? {} }),
  'characters of the name of an entity': (count) => takes({ name: 'a'.repeat(count) }),
  'characters of the name of a field': (count) => takes({ fields: { ['a'.repeat(count)]: { kind: 'string' } } }) && hasColumns(['a'.repeat(count)]),
  '`maxLength` of `string`': (count) => takes(fieldWith('string', { maxLength: count })),
  '`maxLength` of `text` and `richText`': (count) => takes(fieldWith('text', { maxLength: count })) && takes(fieldWith('richText', { maxLength: count })),
  '`maxLength` of `encrypted`': (count) => takes(fieldWith('encrypted', { maxLength: count })),
  'characters of a `pattern`': (count) => takes(fieldWith('string', { pattern: 'a'.repeat(count) })),
  '`precision` of `decimal`': (count) => takes(fieldWith('decimal', { precision: count, scale: 0 })),
  'values of an `enum`': (count) => takes(fieldWith('enum', { values: names(count) })),
  'characters of a value of an `enum`': (count) => takes(fieldWith('enum', { values: ['a'.repeat(count)] })),
  'characters of the form of a `sequence`': (count) => takes(fieldWith('sequence', { sequence: `{number}${'a'.repeat(Math.max(count - 8, 0))}` })),
  'characters of a `computed` expression or a check': (count) => takes(fieldWith('integer', { computed: '1'.repeat(count) })) && takes({ checks: { x: '1'.repeat(count) } }),
  'checks of an entity': (count) => takes({ checks: table(count, () => 'true') }),
  'sets of `unique`': (count) => takes({ fields: manyFields(count) ?? {}, unique: names(count).map((name) => [name]) }),
  'fields of a set of `unique`': (count) => takes({ fields: manyFields(count) ?? {}, unique: [names(count)] }),
  'states of an entity': (count) => takes(stated(names(count))),
  'transitions of an entity': (count) => takes(stated(['one'], table(count, () => ({ from: 'one', to: 'one' })))),
  'fields of a guard': (count) => count <= 200 && takes({ fields: manyFields(200) ?? {}, ...stated(['one'], { step: { from: 'one', to: 'one', guard: table(count, () => 1) } }) }),
}

/** The host has a bound of its own. */
function hasColumns(fields: string[]): boolean {
  try {
    return columnsOf({ name: 'sample', fields: Object.fromEntries(fields.map((field) => [field, { kind: 'string' }])) }, 'doc-sample').size > 0
  } catch {
    return false
  }
}

/** What an entity may be at most, as a table of `docs/reference/entities.md`. */
export function declarationLimitTable(): string {
  const lengths = (['string', 'text', 'richText', 'encrypted'] as const).map((kind) => [`characters of a \`${kind}\` without \`maxLength\``, Number(schemaOfField(sampleOf(kind, { required: true }))['maxLength'])] as const)
  const rows = [
    ...Object.entries(limits).map(([what, isTaken]) => [what, largest(isTaken)] as const), ...lengths,
    ['records linked by one `manyToMany` field', queryLimits.links] as const, ['fields that administrators add to an entity, of one tenant', queryLimits.customFields] as const,
    ['of these, with an index', customFieldLimits.indexed] as const,
  ]
  return ['| what | at most |', '|---|---:|', ...rows.map(([what, most]) => `| ${what} | ${most.toLocaleString('en')} |`)].join('\n')
}

/** The largest number that is taken, where every smaller one is; 1 is. */
function largest(isTaken: (count: number) => boolean): number {
  let [taken, refused] = [1, 2]
  while (isTaken(refused)) [taken, refused] = [refused, refused * 2]
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2)
    if (isTaken(middle)) taken = middle
    else refused = middle
  }
  return taken
}
