import { validatorOf, type Validator } from '@opsflux/data'
import type { FieldDeclaration, Json, RouteEntry } from '@opsflux/sdk'

// Kept as long as the release that declares the route is.
const validators = new WeakMap<RouteEntry, { query: Validator; body: Validator }>()

/** The query and body of a call to a plugin's route, checked against its declared fields. @throws validation-failed */
export function readRouteInput(route: RouteEntry, query: Readonly<Record<string, unknown>>, body: Json): { query: Json; body: Json } {
  const known = validators.get(route) ?? { query: validatorOf(route.query), body: validatorOf(route.body) }
  validators.set(route, known)
  const values = Object.fromEntries(Object.entries(query).flatMap(([name, text]) => (text === '' ? [] : [[name, valueOf(route.query[name], text)]])))
  const checkQuery: Validator = known.query
  const checkBody: Validator = known.body
  checkQuery(values)
  checkBody(body)
  return { query: values, body }
}

/** Texts of an address become the kind of value their field declares. */
function valueOf(field: FieldDeclaration | undefined, text: unknown): Json {
  if (typeof text !== 'string') return JSON.stringify(text)
  if (field?.kind === 'integer' && /^-?\d{1,16}$/.test(text)) return Number(text)
  if (field?.kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  return text
}
