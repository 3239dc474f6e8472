import { buckets, queryLimits, type Json } from '@opsflux/sdk'
import { isSearched, queryColumns } from './list-parameters.ts'
import type { Column, JsonObject, SeenEntity } from './types.ts'

const added: ReadonlySet<Column['kind']> = new Set<Column['kind']>(['integer', 'decimal', 'duration', 'money'])
const ranked: ReadonlySet<Column['kind']> = new Set<Column['kind']>([...added, 'date', 'datetime', 'revision'])

/** What an aggregate of an entity takes. */
export function aggregateSchema(seen: SeenEntity): JsonObject {
  const columns = queryColumns(seen)
  const fieldsOf = (isIn: (column: Column) => boolean): string[] => columns.filter(isIn).map(({ field }) => field)
  const measured = (names: readonly string[], description: string): JsonObject => (names.length === 0 ? {} : { type: 'array', maxItems: queryLimits.measures, description, items: { type: 'string', enum: [...names] } })
  const [numbers, ordered] = [fieldsOf(({ kind }) => added.has(kind)), fieldsOf(({ kind }) => ranked.has(kind))]
  const dates = fieldsOf(({ kind, type }) => type === 'timestamptz' || kind === 'date')
  const properties: [string, JsonObject][] = [
    ['where', { $ref: '#/components/schemas/Where' }],
    ...(isSearched(seen) ? [['q', { type: 'string', maxLength: queryLimits.searchCharacters }] satisfies [string, JsonObject]] : []),
    ['groupBy', { type: 'array', maxItems: queryLimits.groups, items: { anyOf: groupings(fieldsOf(({ isGroupable }) => isGroupable), dates) } }],
    ['sum', measured(numbers, 'Answered as exact decimals; money in minor units.')], ['avg', measured(numbers, 'Answered as exact decimals; money in minor units.')],
    ['min', measured(ordered, 'Answered as the field is.')], ['max', measured(ordered, 'Answered as the field is.')],
    ['zone', { type: 'string', default: 'UTC', description: 'IANA time zone of the buckets.', examples: ['Africa/Libreville'] }],
  ]
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties.filter(([, schema]) => Object.keys(schema).length > 0)) }
}

function groupings(fields: readonly string[], dates: readonly string[]): Json[] {
  const bucketed: JsonObject = {
    type: 'object', required: ['field', 'bucket'], additionalProperties: false,
    properties: { field: { type: 'string', enum: [...dates] }, bucket: { type: 'string', enum: [...buckets], description: 'Named by its beginning: `2026-03-01`, `2026-W10` (ISO 8601), `2026-03`, `2026-Q1`, `2026`.' } },
  }
  return [{ type: 'string', enum: [...fields] }, ...(dates.length > 0 ? [bucketed] : [])]
}
