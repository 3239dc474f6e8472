import { queryLimits, type Json } from '@opsflux/sdk'
import { aggregateSchema } from './aggregate-schema.ts'
import { bulkSchema } from './bulk-schema.ts'
import { answerParameters, isInBin, isSearched, listParameters } from './list-parameters.ts'
import { answer, nothing, operation, recordAnswer } from './operations.ts'
import { subresourcePaths } from './subresource-paths.ts'
import { parameterRef, schemaRef, type JsonObject, type SeenEntity } from './types.ts'
import { words } from './words.ts'

type Paths = { [path: string]: JsonObject }

/** The REST resource of an entity: what the user may do with it, and nothing else. */
export function entityPaths(seen: SeenEntity, expandable: readonly string[]): Paths {
  const base = `/api/${seen.pluginId}/${seen.name}`
  const paths: Paths = {
    [base]: { ...listing(seen, expandable), ...creating(seen) },
    [`${base}/aggregate`]: aggregating(seen),
    [`${base}/bulk`]: bulk(seen),
    [`${base}/{id}`]: atRecord({ ...reading(seen, expandable), ...changing(seen), ...deleting(seen) }),
    ...Object.fromEntries(transitions(seen).map(([name, step]) => [`${base}/{id}/transitions/${name}`, atRecord(step)])),
    ...inBin(seen, base),
    ...Object.fromEntries(Object.entries(subresourcePaths(seen, base)).map(([path, item]) => [path, atRecord(item)])),
  }
  return Object.fromEntries(Object.entries(paths).filter(([, item]) => Object.keys(item).some((key) => key !== 'parameters')))
}

const atRecord = (item: JsonObject): JsonObject => ({ parameters: [parameterRef('Id')], ...item })

/** What all operations on one entity have in common. */
export function on(seen: SeenEntity, verb: string, parts: Omit<Parameters<typeof operation>[1], 'id'>): JsonObject {
  return operation(seen.pluginId, { id: [seen.pluginId, seen.name, verb], ...parts })
}

function listing(seen: SeenEntity, expandable: readonly string[]): JsonObject {
  if (!seen.may('view')) return {}
  const description = `A page of records that you may see. At most ${queryLimits.conditions} tests, ${queryLimits.queryStringBytes} bytes of query string.${isSearched(seen) ? ' `q` looks words up.' : ''}`
  return { get: on(seen, 'list', { summary: `List: ${words(seen.name)}`, description, parameters: listParameters(seen, expandable), answers: { 200: answer('A page.', schemaRef(`${seen.schema}Page`)) } }) }
}

function creating(seen: SeenEntity): JsonObject {
  if (!seen.may('create')) return {}
  const created = recordAnswer('Created.', seen.schema, { Location: { $ref: '#/components/headers/Location' } })
  return { post: on(seen, 'create', { summary: `Create: ${words(seen.name)}`, parameters: [parameterRef('IdempotencyKey')], body: schemaRef(`${seen.schema}Input`), answers: { 201: created }, problems: [413, 422] }) }
}

function aggregating(seen: SeenEntity): JsonObject {
  if (!seen.may('view')) return {}
  const description = `Counts and measures records by group, in the order of the groups: at most ${queryLimits.groups} groups, ${queryLimits.measures} measures and ${queryLimits.groupRows} rows.`
  const rows = { type: 'array', maxItems: queryLimits.groupRows, items: schemaRef('AggregateRow') }
  return { post: on(seen, 'aggregate', { summary: `Aggregate: ${words(seen.name)}`, description, body: aggregateSchema(seen), answers: { 200: answer('The groups.', rows) } }) }
}

function bulk(seen: SeenEntity): JsonObject {
  const body = bulkSchema(seen)
  if (body === undefined) return {}
  const description = `Up to ${queryLimits.bulk} writes. With \`atomic\` (the default) all are done or none; without, each for itself, and the report says what became of it.`
  return { post: on(seen, 'bulk', { summary: `Write many: ${words(seen.name)}`, description, parameters: [parameterRef('IdempotencyKey')], body, answers: { 200: answer('What became of each write.', schemaRef('BulkReport')) }, problems: [412, 413, 422] }) }
}

function reading(seen: SeenEntity, expandable: readonly string[]): JsonObject {
  if (!seen.may('view')) return {}
  const parameters = [...answerParameters(seen, expandable), ...(isInBin(seen) ? [parameterRef('Deleted')] : [])]
  return { get: on(seen, 'read', { summary: `Read: ${words(seen.name)}`, parameters, answers: { 200: recordAnswer('The record.', seen.schema) } }) }
}

function changing(seen: SeenEntity): JsonObject {
  if (!seen.may('edit')) return {}
  return { patch: on(seen, 'update', { summary: `Change: ${words(seen.name)}`, parameters: [parameterRef('IfMatch'), parameterRef('IdempotencyKey')], body: schemaRef(`${seen.schema}Changes`), answers: { 200: recordAnswer('As it is now.', seen.schema) }, problems: [412, 413, 422] }) }
}

function deleting(seen: SeenEntity): JsonObject {
  if (!seen.may('delete')) return {}
  const description = seen.entity.features.softDelete ? 'Puts it in the bin, from where it is restored or purged.' : 'It is gone for good.'
  return { delete: on(seen, 'delete', { summary: `Delete: ${words(seen.name)}`, description, parameters: [parameterRef('IfMatch'), parameterRef('IdempotencyKey')], answers: { 204: nothing }, problems: [412, 422] }) }
}

function transitions(seen: SeenEntity): [string, JsonObject][] {
  const declared = Object.entries(seen.entity.declaration.states?.transitions ?? {}).filter(([, { action = 'edit' }]) => seen.may(action))
  return declared.map(([name, { from, to, guard }]) => {
    const fields = Object.keys(guard ?? {})
    const description = `From ${[from].flat().map((state) => `\`${state}\``).join(' or ')} to \`${to}\`.${fields.length > 0 ? ` Takes what its module asks of ${fields.map((field) => `\`${field}\``).join(', ')}.` : ''}`
    const parameters: Json[] = [parameterRef('IfMatch'), parameterRef('IdempotencyKey')]
    return [name, { post: on(seen, `transitions.${name}`, { summary: `${words(name)}: ${words(seen.name)}`, description, parameters, answers: { 200: recordAnswer('In its new state.', seen.schema) }, problems: [412, 422] }) }]
  })
}

function inBin(seen: SeenEntity, base: string): Paths {
  if (!seen.entity.features.softDelete) return {}
  const parameters: Json[] = [parameterRef('IfMatch'), parameterRef('IdempotencyKey')]
  const restore = seen.may('delete') ? { post: on(seen, 'restore', { summary: `Restore: ${words(seen.name)}`, description: 'Takes it out of the bin, with what went there together with it.', parameters, answers: { 200: recordAnswer('As it is now.', seen.schema) }, problems: [412, 422] }) } : {}
  const purge = seen.may('manage') ? { post: on(seen, 'purge', { summary: `Purge: ${words(seen.name)}`, description: 'Erases what is in the bin, for good. Its history stays.', parameters, answers: { 204: nothing }, problems: [412] }) } : {}
  return { [`${base}/{id}/restore`]: atRecord(restore), [`${base}/{id}/purge`]: atRecord(purge) }
}
