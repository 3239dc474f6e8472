import { queryLimits, type Operators } from '@opsflux/sdk'
import { schemaRef, type Column, type JsonObject } from './types.ts'

type Operator = keyof Operators<string>

const equal: readonly Operator[] = ['eq', 'ne', 'in', 'nin']
const ranked: readonly Operator[] = [...equal, 'lt', 'lte', 'gt', 'gte', 'between', 'null']
const text: readonly Operator[] = [...ranked, 'contains', 'startsWith']

/** Operators by the kind of what is compared, as the engine has them; each test of a query names one. */
export function operatorsOf({ kind, isFilterable }: Pick<Column, 'kind' | 'isFilterable'>): readonly Operator[] {
  if (!isFilterable) return ['null']
  switch (kind) {
    case 'string': case 'text': case 'richText': case 'sequence': return text
    case 'id': case 'revision': case 'integer': case 'duration': case 'decimal': case 'money': case 'date': case 'datetime': case 'zonedDatetime': return ranked
    case 'manyToMany': return ['has', 'null']
    case 'timeRange': case 'geoPoint': return ['null']
    default: return [...equal, 'null']
  }
}

const listText = `Values joined by commas, at most ${queryLimits.listValues}; \`\\\` goes before a comma or \`\\\` that is part of one.`
const notes: Partial<Record<Operator, string>> = {
  ne: 'Also answers records without a value.', nin: `${listText} Also answers records without a value.`, in: listText,
  between: 'Two values joined by a comma; both ends are included.', contains: 'Occurs in the text, whatever its case.', startsWith: 'Begins the text, whatever its case.',
  null: 'true: has no value; false: has one.', has: `Ids that are all linked, joined by commas, at most ${queryLimits.listValues}.`,
}
const inText: ReadonlySet<Operator> = new Set<Operator>(['in', 'nin', 'between', 'has', 'contains', 'startsWith'])

const values: Partial<Record<Column['kind'], JsonObject>> = {
  integer: { type: 'integer' }, duration: { type: 'integer' }, revision: { type: 'integer' }, money: { type: 'integer' }, boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' }, datetime: { type: 'string', format: 'date-time' },
  id: { type: 'string', format: 'uuid' }, reference: { type: 'string', format: 'uuid' }, user: { type: 'string', format: 'uuid' }, company: { type: 'string', format: 'uuid' },
  department: { type: 'string', format: 'uuid' }, file: { type: 'string', format: 'uuid' },
}

/** Names of the shared schemas of tests, by the kind of what is compared. */
const names: Partial<Record<Column['kind'], string>> = {
  string: 'TextFilter', text: 'TextFilter', richText: 'TextFilter', sequence: 'TextFilter', integer: 'IntegerFilter', duration: 'IntegerFilter', revision: 'IntegerFilter', money: 'MoneyFilter',
  decimal: 'DecimalFilter', boolean: 'BooleanFilter', date: 'DateFilter', datetime: 'InstantFilter', zonedDatetime: 'ZonedInstantFilter', id: 'RankedIdFilter',
  reference: 'IdFilter', user: 'IdFilter', company: 'IdFilter', department: 'IdFilter', file: 'IdFilter', manyToMany: 'LinksFilter',
}

/** Every shared schema of tests. */
export function filterSchemas(): JsonObject {
  const shared = (Object.entries(names) as [Column['kind'], string][]).map(([kind, name]) => [name, filterOf({ kind, isFilterable: true }, values[kind] ?? { type: 'string' })])
  return { ...Object.fromEntries(shared), NullFilter: filterOf({ kind: 'json', isFilterable: false }, {}) }
}

/** The tests of one field: `where[occurredAt][gte]=…` is the property `gte`. */
export function filterSchema(column: Column, choices: readonly string[] | undefined): JsonObject {
  const name = operatorsOf(column).length === 1 ? 'NullFilter' : names[column.kind]
  if (name !== undefined) return schemaRef(name)
  return filterOf(column, { type: 'string', ...(choices ? { enum: [...choices] } : {}) })
}

function filterOf(column: Pick<Column, 'kind' | 'isFilterable'>, value: JsonObject): JsonObject {
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(operatorsOf(column).map((operator) => [operator, testOf(operator, value)])) }
}

function testOf(operator: Operator, value: JsonObject): JsonObject {
  const note = notes[operator]
  const schema: JsonObject = operator === 'null' ? { type: 'boolean' } : inText.has(operator) ? { type: 'string' } : value
  return note === undefined ? schema : { ...schema, description: note }
}
