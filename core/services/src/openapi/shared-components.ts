import { queryLimits } from '@opsflux/sdk'
import { sessionCookie } from '../identity/index.ts'
import { problemResponses } from './operations.ts'
import type { JsonObject } from './types.ts'

const query = (name: string, schema: JsonObject, description: string): JsonObject => ({ name, in: 'query', description, schema })

export const sharedParameters: JsonObject = {
  Id: { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
  Limit: query('limit', { type: 'integer', minimum: 1, maximum: queryLimits.limit, default: queryLimits.defaultLimit }, 'Records on a page.'),
  After: query('after', { type: 'string' }, 'The `next` of the page before.'),
  Page: query('page', { type: 'integer', minimum: 1 }, `Counts from 1; not together with \`after\`. Pages by number reach ${queryLimits.paged} records.`),
  Count: query('count', { type: 'string', enum: ['true', 'exact', 'estimated', 'false'] }, '`total` of all pages, counted (`true`, `exact`) or as the database estimates it.'),
  Search: query('q', { type: 'string', maxLength: queryLimits.searchCharacters }, `Words, at most ${queryLimits.searchWords}: records that have them all, or words that begin so.`),
  Deleted: query('deleted', { type: 'boolean', default: false }, 'True: what is in the bin instead.'),
  Where: {
    name: 'where', in: 'query', style: 'deepObject', explode: true, example: {}, schema: { type: 'object', additionalProperties: { type: 'string' } },
    description: 'Records whose fields have these values: `where[site]=North`. A field is also reached over references, in up to two steps: `where[incident.site]=North`. Other tests name their operator: `where[occurredAt][gte]=2026-01-01T00:00:00Z`, also at the end of a path.',
  },
  IfMatch: { name: 'If-Match', in: 'header', required: true, schema: { type: 'string', pattern: '^"\\d{1,15}"$' }, example: '"1"', description: 'The ETag, or revision in quotes, that you have read. Has the record changed since, the answer is 412 `stale-record`.' },
  IdempotencyKey: {
    name: 'Idempotency-Key', in: 'header', schema: { type: 'string', minLength: 1, maxLength: queryLimits.idempotencyKey, pattern: '^[\\x21-\\x7e]+$' },
    description: `A key of your own, new for each request, such as a UUID. A request repeated with its key within ${queryLimits.idempotencyHours} hours is answered as the first one was, and nothing is done twice.`,
  },
}

export const sharedHeaders: JsonObject = {
  ETag: { description: 'Revision of the record, in quotes: for `If-Match`.', schema: { type: 'string' } },
  Location: { description: 'Address of what was created.', schema: { type: 'string' } },
}

export const sharedResponses: JsonObject = problemResponses()

export const securitySchemes: JsonObject = {
  session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'Set by `POST /api/auth/sign-in`; browsers send it by themselves. Requests that come from a page of another site are refused.' },
}
