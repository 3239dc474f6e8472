import { queryLimits, type Json } from '@opsflux/sdk'
import { filterSchema } from './filters.ts'
import { parameterRef, type Column, type JsonObject, type SeenEntity } from './types.ts'

/** Every parameter of a list, for the fields the user may see. */
export function listParameters(seen: SeenEntity, expandable: readonly string[]): Json[] {
  const columns = queryColumns(seen)
  return [
    ...(isSearched(seen) ? [parameterRef('Search')] : []),
    parameterRef('Where'),
    ...columns.flatMap((column) => whereParameters(seen, column)),
    listParameter('sort', columns.filter(({ isSortable }) => isSortable).flatMap(({ field }) => [field, `-${field}`]), queryLimits.sortFields, 'Fields to sort by, `-` before them for descending. Default: by id, which is the order of creation; the best matches first with `q`.'),
    parameterRef('Limit'), parameterRef('After'), parameterRef('Page'), parameterRef('Count'),
    ...answerParameters(seen, expandable),
    ...(isInBin(seen) ? [parameterRef('Deleted')] : []),
  ]
}

/** Whether there is a bin that the user may look into. */
export const isInBin = ({ entity, may }: SeenEntity): boolean => entity.features.softDelete && may('delete')

/** What of a record is answered. */
export function answerParameters(seen: SeenEntity, expandable: readonly string[]): Json[] {
  const fields = seen.entity.list.filter(({ field }) => seen.readable.has(field)).map(({ field }) => field)
  return [
    listParameter('fields', fields, fields.length, 'Fields to answer, always with `id` and `revision`. Default all.'),
    ...(expandable.length > 0 ? [listParameter('expand', expandable, queryLimits.expanded, 'References answered as records instead of ids; users as `{ id, name }`. What you may not see stays an id.')] : []),
  ]
}

/** Fields and parts of fields that a query can name. */
export function queryColumns({ entity, readable }: SeenEntity): Column[] {
  const named = [...entity.columns.values()].filter(({ field }) => readable.has(field.split('.')[0] ?? ''))
  return named.flatMap((column) => [column, ...(column.parts?.values() ?? [])])
}

export function isSearched({ entity: { features, declaration }, readable }: SeenEntity): boolean {
  const fields = features.search ? Object.entries(declaration.fields).filter(([, { search }]) => search !== undefined).map(([name]) => name) : declaration.search ?? []
  return fields.some((name) => readable.has(name))
}

function whereParameters({ entity, messages }: SeenEntity, column: Column): Json[] {
  const { field, kind, declaration } = column
  const choices = kind === 'state' ? entity.declaration.states?.values : declaration?.values
  const title = messages[declaration?.label ?? `field.${entity.name}.${field}`]
  const whole = whereParameter(`where[${field}]`, filterSchema(column, choices), title)
  if (kind === 'timeRange') return [whole, whereParameter(`where[${field}][overlaps]`, overlapping, 'Shares an instant with this range.')]
  return kind === 'geoPoint' ? [whole, whereParameter(`where[${field}][near]`, nearby, 'Within so many metres of a point.')] : [whole]
}

const overlapping: JsonObject = { type: 'object', required: ['from', 'to'], properties: { from: { type: 'string', format: 'date-time' }, to: { type: 'string', description: 'An instant; empty for no end.' } } }
const nearby: JsonObject = {
  type: 'object', required: ['lat', 'lng', 'metres'],
  properties: { lat: { type: 'number', minimum: -90, maximum: 90 }, lng: { type: 'number', minimum: -180, maximum: 180 }, metres: { type: 'number', minimum: 0 } },
}

// The example keeps interactive readers from filling in, and sending, a test of every operator.
function whereParameter(name: string, schema: JsonObject, description: string | undefined): JsonObject {
  return { name, in: 'query', style: 'deepObject', explode: true, schema, example: {}, ...(description === undefined ? {} : { description }) }
}

function listParameter(name: string, items: readonly string[], maxItems: number, description: string): JsonObject {
  return { name, in: 'query', style: 'form', explode: false, description, schema: { type: 'array', maxItems, items: { type: 'string', enum: [...items] } } }
}
