import { queryLimits } from '@opsflux/sdk'
import { schemaRef, type JsonObject, type SeenEntity } from './types.ts'

const id: JsonObject = { type: 'string', format: 'uuid' }
const revision: JsonObject = { type: 'integer', minimum: 1, description: 'The one you have read; without it, whatever there is now is written over.' }

/** What a bulk request takes of the writes the user may do; undefined when there is none. */
export function bulkSchema(seen: SeenEntity): JsonObject | undefined {
  const list = (items: JsonObject): JsonObject => ({ type: 'array', maxItems: queryLimits.bulk, items })
  const object = (properties: JsonObject, ...required: string[]): JsonObject => ({ type: 'object', required, additionalProperties: false, properties })
  const properties: JsonObject = {
    ...(seen.may('create') ? { create: list(schemaRef(`${seen.schema}Input`)) } : {}),
    ...(seen.may('edit') ? { update: list(object({ id, revision, changes: schemaRef(`${seen.schema}Changes`) }, 'id', 'changes')) } : {}),
    ...(seen.may('delete') ? { delete: list(object({ id, revision }, 'id')) } : {}),
  }
  if (Object.keys(properties).length === 0) return undefined
  return { type: 'object', additionalProperties: false, properties: { atomic: { type: 'boolean', default: true }, ...properties } }
}
