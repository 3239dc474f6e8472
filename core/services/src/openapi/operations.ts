import { errorTable, type ErrorCode, type Json } from '@opsflux/sdk'
import { schemaRef, type JsonObject } from './types.ts'

interface OperationParts {
  /** Module, entity and what is done: `hse-reports.incident.list`. */
  id: readonly string[]
  summary: string
  description?: string
  parameters?: readonly Json[]
  body?: Json
  /** By status. */
  answers: { [status: string]: Json }
  /** Statuses of the problems to reckon with, beside those any request may meet. */
  problems?: readonly number[]
}

const anyRequest: readonly number[] = [400, 401, 403, 404, 409, 429]

export function operation(tag: string, { id, summary, description, parameters = [], body, answers, problems = [] }: OperationParts): JsonObject {
  return {
    tags: [tag], operationId: id.join('.'), summary, ...(description === undefined ? {} : { description }),
    ...(parameters.length > 0 ? { parameters: [...parameters] } : {}),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...answers, ...Object.fromEntries([...anyRequest, ...problems].map((status) => [String(status), { $ref: `#/components/responses/Problem${status}` }])), default: { $ref: '#/components/responses/Problem' } },
  }
}

export function answer(description: string, schema: Json, headers: JsonObject = {}): JsonObject {
  return { description, ...(Object.keys(headers).length > 0 ? { headers } : {}), content: { 'application/json': { schema } } }
}

const etag: JsonObject = { ETag: { $ref: '#/components/headers/ETag' } }
export const recordAnswer = (description: string, schema: string, headers: JsonObject = {}): JsonObject => answer(description, schemaRef(schema), { ...etag, ...headers })
export const nothing: JsonObject = { description: 'Done.' }

/** One answer for each status that a caller can do something about, and one for all others. */
export function problemResponses(): JsonObject {
  const byStatus = Map.groupBy(Object.entries(errorTable) as [ErrorCode, { status: number; title: string }][], ([, { status }]) => status)
  const each = [...byStatus].filter(([status]) => status < 500).map(([status, entries]) => {
    const schema = { allOf: [schemaRef('Problem'), { type: 'object', properties: { status: { const: status }, code: { enum: entries.map(([code]) => code) } } }] }
    return [`Problem${status}`, problem(entries.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' '), schema)]
  })
  return { Problem: problem('A problem; `code` says which.', schemaRef('Problem')), ...Object.fromEntries(each) }
}

const problem = (description: string, schema: JsonObject): JsonObject => ({ description, content: { 'application/problem+json': { schema } } })

/** RFC 9457, with our closed table of codes. */
export function problemSchema(): JsonObject {
  return {
    type: 'object', required: ['type', 'title', 'status', 'code', 'detail'],
    properties: {
      type: { type: 'string', description: '`urn:opsflux:error:` and the code.' }, title: { type: 'string' }, status: { type: 'integer' },
      code: { type: 'string', enum: Object.keys(errorTable), description: 'Programs go by this; it never changes its meaning.' },
      detail: { type: 'string', description: 'What happened, why, and the next step.' },
      errors: { type: 'array', items: schemaRef('FieldError') },
    },
  }
}
