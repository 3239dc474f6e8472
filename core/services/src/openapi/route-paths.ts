import type { FieldDeclaration, Json, RouteEntry } from '@opsflux/sdk'
import { schemaOfFields } from '@opsflux/data'
import { answer, operation } from './operations.ts'
import { inputSchema, published } from './published-schema.ts'
import { kindNotes } from './kind-notes.ts'
import type { ApiModule, JsonObject } from './types.ts'
import { labelled, words } from './words.ts'

/** The routes a module declares itself. What they answer is known to its code alone. */
export function routePaths({ manifest, messages }: ApiModule, may: (action: string) => boolean): [path: string, item: JsonObject][] {
  return manifest.routes.filter(({ action }) => may(action)).map((route) => {
    const parameters = Object.entries(route.query).map(([name, declaration]) => queryParameter(name, declaration, labelled(messages, route.name, name, declaration)))
    const described = operation(manifest.id, {
      id: [manifest.id, 'routes', route.name], summary: sentence(words(route.name)), parameters, ...(Object.keys(route.body).length > 0 ? { body: bodyOf(route) } : {}),
      answers: { 200: answer('What the module answers.', {}) }, problems: route.method === 'POST' ? [413, 422] : [],
    })
    return [`/api/${manifest.id}${route.path}`, { [route.method.toLowerCase()]: described }]
  })
}

const structured: ReadonlySet<FieldDeclaration['kind']> = new Set<FieldDeclaration['kind']>(['json', 'money', 'timeRange', 'geoPoint', 'manyToMany'])

/** A value of several parts is JSON in one parameter. An empty text is no value: null cannot be sent. */
function queryParameter(name: string, declaration: FieldDeclaration, label: { title?: string; description?: string }): Json {
  const schema = inputSchema({ ...declaration, required: true })
  const description = [label.title, label.description, kindNotes(declaration)].filter((part) => part !== undefined).join('. ')
  return {
    name, in: 'query', ...(declaration.required === true && declaration.default === undefined ? { required: true } : {}), ...(description === '' ? {} : { description }),
    ...(structured.has(declaration.kind) ? { content: { 'application/json': { schema } } } : { schema }),
  }
}

const bodyOf = ({ body }: RouteEntry): Json => published(schemaOfFields(body))
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
