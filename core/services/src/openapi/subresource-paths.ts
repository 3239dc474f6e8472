import { recordLimits } from '../records/index.ts'
import { answer, nothing, operation, recordAnswer } from './operations.ts'
import { parameterRef, schemaRef, type JsonObject, type SeenEntity } from './types.ts'
import { words } from './words.ts'

type Paths = { [path: string]: JsonObject }
type Describe = (verb: string, parts: Omit<Parameters<typeof operation>[1], 'id'>) => JsonObject

const pageParameters = [parameterRef('Limit'), parameterRef('After')]
const key = parameterRef('IdempotencyKey')
const id = (name: string): JsonObject => ({ name, in: 'path', required: true, schema: { type: 'string', format: 'uuid' } })
const revision = (name: string): JsonObject => ({ name, in: 'path', required: true, schema: { type: 'integer', minimum: 1 } })

/** What the records of an entity have below them, by its features. */
export function subresourcePaths(seen: SeenEntity, base: string): Paths {
  if (!seen.may('view')) return {}
  const { features } = seen.entity
  const record = `${base}/{id}`
  const describe: Describe = (verb, parts) => operation(seen.pluginId, { id: [seen.pluginId, seen.name, verb], ...parts, summary: `${parts.summary}: ${words(seen.name)}` })
  return {
    ...(features.audit ? { [`${record}/history`]: { get: describe('history', { summary: 'History', description: 'The changes of the record, the latest first.', parameters: pageParameters, answers: { 200: answer('A page.', schemaRef('HistoryPage')) } }) } } : {}),
    ...(features.comments ? commentPaths(record, describe) : {}),
    ...(features.attachments ? attachmentPaths(record, describe, seen.may('edit')) : {}),
    ...(features.versions && features.audit ? versionPaths(record, describe, seen) : {}),
  }
}

function commentPaths(record: string, describe: Describe): Paths {
  const text: JsonObject = { type: 'string', minLength: 1, maxLength: recordLimits.commentCharacters, description: 'CommonMark.' }
  const parent: JsonObject = { type: ['string', 'null'], format: 'uuid', description: 'The comment it answers, which answers none itself.' }
  const body = (properties: JsonObject): JsonObject => ({ type: 'object', required: ['text'], additionalProperties: false, properties })
  return {
    [`${record}/comments`]: {
      get: describe('comments.list', { summary: 'Comments', parameters: pageParameters, answers: { 200: answer('A page, the oldest first.', schemaRef('CommentPage')) } }),
      post: describe('comments.create', { summary: 'Comment', description: `A record has at most ${recordLimits.comments}.`, parameters: [key], body: body({ text, parent }), answers: { 201: answer('Written.', schemaRef('Comment'), { Location: { $ref: '#/components/headers/Location' } }) }, problems: [413, 422] }),
    },
    [`${record}/comments/{comment}`]: {
      parameters: [parameterRef('Id'), id('comment')],
      patch: describe('comments.update', { summary: 'Change a comment', description: 'Your own.', parameters: [key], body: body({ text }), answers: { 200: answer('As it is now.', schemaRef('Comment')) }, problems: [413, 422] }),
      delete: describe('comments.delete', { summary: 'Delete a comment', description: 'Your own; with the right to manage, those of others.', parameters: [key], answers: { 204: nothing } }),
    },
  }
}

function attachmentPaths(record: string, describe: Describe, mayEdit: boolean): Paths {
  const body: JsonObject = { type: 'object', required: ['file'], additionalProperties: false, properties: { file: { type: 'string', format: 'uuid', description: 'A file you uploaded: `POST /api/files`.' } } }
  return {
    [`${record}/attachments`]: {
      get: describe('attachments.list', { summary: 'Attachments', parameters: pageParameters, answers: { 200: answer('A page, the first attached first.', schemaRef('AttachmentPage')) } }),
      ...(mayEdit ? { post: describe('attachments.create', { summary: 'Attach a file', description: `A record has at most ${recordLimits.attachments}.`, parameters: [key], body, answers: { 201: answer('Attached.', schemaRef('Attachment')) }, problems: [422] }) } : {}),
    },
    ...(mayEdit ? { [`${record}/attachments/{file}`]: { parameters: [parameterRef('Id'), id('file')], delete: describe('attachments.delete', { summary: 'Take a file off', parameters: [key], answers: { 204: nothing } }) } } : {}),
  }
}

function versionPaths(record: string, describe: Describe, seen: SeenEntity): Paths {
  const at = (...names: string[]): JsonObject[] => [parameterRef('Id'), ...names.map(revision)]
  return {
    [`${record}/versions`]: { get: describe('versions.list', { summary: 'Versions', parameters: pageParameters, answers: { 200: answer('A page, the latest first.', schemaRef('VersionPage')) } }) },
    [`${record}/versions/{revision}`]: {
      parameters: at('revision'),
      get: describe('versions.read', { summary: 'Version', description: `The record as it was, up to ${recordLimits.versionsBack} revisions back; computed values, and encrypted ones that were changed since, are not known of then.`, answers: { 200: answer('The record as it was.', schemaRef('Version')) } }),
    },
    [`${record}/versions/{revision}/diff/{other}`]: { parameters: at('revision', 'other'), get: describe('versions.diff', { summary: 'Compare two versions', answers: { 200: answer('What they differ in.', schemaRef('VersionDiff')) } }) },
    ...(seen.may('edit') ? {
      [`${record}/versions/{revision}/restore`]: {
        parameters: at('revision'),
        post: describe('versions.restore', { summary: 'Go back to a version', description: 'Writes its values, as an update like any other.', parameters: [parameterRef('IfMatch'), key], answers: { 200: recordAnswer('As it is now.', seen.schema) }, problems: [412, 422] }),
      },
    } : {}),
  }
}
