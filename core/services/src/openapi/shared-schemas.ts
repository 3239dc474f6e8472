import { filterSchemas } from './filters.ts'
import { problemSchema } from './operations.ts'
import { pageOf } from './record-schemas.ts'
import { schemaRef, type JsonObject } from './types.ts'

const text: JsonObject = { type: 'string' }
const id: JsonObject = { type: 'string', format: 'uuid' }
const instant: JsonObject = { type: 'string', format: 'date-time' }
const whole: JsonObject = { type: 'integer' }
const orNull = (schema: JsonObject): JsonObject => ({ ...schema, type: [schema['type'] ?? 'string', 'null'] })
/** With all its properties, unless they are said to be optional. */
const object = (properties: JsonObject, ...optional: string[]): JsonObject => ({ type: 'object', required: Object.keys(properties).filter((name) => !optional.includes(name)), properties })
const map = (values: JsonObject): JsonObject => ({ type: 'object', additionalProperties: values })

const change = object({ from: {}, to: {}, hook: { ...text, description: 'The module whose hook gave it this value.' } }, 'hook')
const historyEntry = object({
  id, at: instant, action: { type: 'string', description: 'create, update, delete, transition, restore or purge; comments and attachments say so too.' },
  revision: { ...whole, description: 'Of the record after the change.' }, userId: text, hooks: { type: 'array', items: text, description: 'Modules whose hooks took part.' }, transition: text,
  changes: map(change),
}, 'transition')
const file = { id, name: text, type: { ...text, description: 'Media type.' }, bytes: whole, sha256: { ...text, pattern: '^[0-9a-f]{64}$' }, createdAt: instant, createdBy: id }
const comment = object({
  id, text: { ...text, description: 'CommonMark; empty when it was deleted.' }, createdAt: instant, createdBy: id, authorName: text, editedAt: orNull(instant), parent: orNull(id), deletedAt: orNull(instant),
})
const version = { revision: whole, at: instant, userId: text, action: text }
const fieldError = object({ path: { ...text, description: 'JSON Pointer to the wrong value, such as `/occurredAt`.' }, code: text, message: text })
const bulkResult = object({
  operation: { type: 'string', enum: ['create', 'update', 'delete'] }, index: { ...whole, description: 'Place in its list.' }, id, revision: whole,
  error: object({ code: text, detail: text, errors: { type: 'array', items: schemaRef('FieldError') } }, 'errors'),
}, 'id', 'revision', 'error')
const measures = { sum: map(orNull(text)), avg: map(orNull(text)), min: map({}), max: map({}) }

/** Schemas that entities share. No entity's schema takes their names. */
export const sharedSchemas: JsonObject = {
  Problem: problemSchema(), FieldError: fieldError,
  Named: object({ id, name: text }),
  Where: { type: 'object', description: 'By field, or path of up to two steps: a value, null, or operators by name: `{ "severity": "high", "occurredAt": { "gte": "2026-01-01T00:00:00Z" }, "incident.site": "North" }`.', additionalProperties: true },
  AggregateRow: object({ group: { ...map({}), description: 'The grouped values, by field.' }, count: whole, ...measures }),
  BulkResult: bulkResult, BulkReport: object({ succeeded: whole, failed: whole, results: { type: 'array', items: schemaRef('BulkResult') } }),
  HistoryEntry: historyEntry, HistoryPage: pageOf(schemaRef('HistoryEntry')),
  StoredFile: object(file), Attachment: object({ ...file, attachedAt: instant, attachedBy: id, attachedByName: text }), AttachmentPage: pageOf(schemaRef('Attachment')),
  Comment: comment, CommentPage: pageOf(schemaRef('Comment')),
  VersionEntry: object(version), VersionPage: pageOf(schemaRef('VersionEntry')), Version: object({ ...version, record: map({}) }), VersionDiff: object({ from: whole, to: whole, changes: map(object({ from: {}, to: {} })) }),
  ...filterSchemas(),
}
