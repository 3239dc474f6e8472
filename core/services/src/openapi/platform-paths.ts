import { fileLimits } from '../files/index.ts'
import { answer, nothing, operation } from './operations.ts'
import { parameterRef, schemaRef, type JsonObject } from './types.ts'

const tag = 'platform'
export const platformTag: JsonObject = { name: tag, 'x-displayName': 'Platform', description: 'Signing in, and files that records refer to.' }

const credentials: JsonObject = {
  type: 'object', required: ['email', 'password'], additionalProperties: false,
  properties: { email: { type: 'string', minLength: 3, maxLength: 254 }, password: { type: 'string', minLength: 1, format: 'password' } },
}
const session = { 'Set-Cookie': { description: 'The session.', schema: { type: 'string' } } }
const content: JsonObject = { '*/*': { schema: { type: 'string', format: 'binary' } } }
const fileName: JsonObject = { name: 'X-File-Name', in: 'header', required: true, schema: { type: 'string', maxLength: fileLimits.nameCharacters * 3 }, description: `Percent-encoded, at most ${fileLimits.nameCharacters} characters.` }
const upload: JsonObject = {
  ...operation(tag, { id: ['platform', 'files', 'create'], summary: 'Upload a file', description: `At most ${fileLimits.bytes / 1_048_576} MiB. A file that no record has used for ${fileLimits.unusedHours} hours is removed.`, parameters: [fileName], answers: { 201: answer('Stored.', schemaRef('StoredFile')) }, problems: [413, 422] }),
  requestBody: { required: true, description: 'The file as it is.', content },
}

/** What programs need of the platform itself to use the modules. */
export const platformPaths: { [path: string]: JsonObject } = {
  '/api/auth/sign-in': {
    post: { ...operation(tag, { id: ['platform', 'signIn'], summary: 'Sign in', body: credentials, answers: { 200: answer('Signed in; the answer is what the screens show.', { type: 'object' }, session) }, problems: [422] }), security: [] },
  },
  '/api/auth/sign-out': { post: operation(tag, { id: ['platform', 'signOut'], summary: 'Sign out', answers: { 204: nothing } }) },
  '/api/files': { post: upload },
  '/api/files/{id}': {
    parameters: [parameterRef('Id')],
    get: operation(tag, { id: ['platform', 'files', 'read'], summary: 'About a file', answers: { 200: answer('The file, without its content.', schemaRef('StoredFile')) } }),
    delete: operation(tag, { id: ['platform', 'files', 'delete'], summary: 'Delete a file', description: 'Your own, while no record uses it.', answers: { 204: nothing } }),
  },
  '/api/files/{id}/content': {
    parameters: [parameterRef('Id')],
    get: { ...operation(tag, { id: ['platform', 'files', 'content'], summary: 'Download a file', answers: {} }), responses: { 200: { description: 'The content.', content }, default: { $ref: '#/components/responses/Problem' } } },
  },
}
