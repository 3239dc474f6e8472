import { isOpsFluxError, OpsFluxError, type FieldDeclaration, type FieldKind, type Json } from '@opsflux/sdk'
import { fromText } from './values.ts'
import { validatorOf, type Validator } from './validator.ts'

export type FieldDeclarations = Readonly<Record<string, FieldDeclaration>>
type Values = { [field: string]: Json }

/** Adds the defaults of the fields that are not given. */
export function withDefaults(fields: FieldDeclarations, values: Values): Values {
  const missing = Object.entries(fields).flatMap(([name, { default: value }]): [string, Json][] => (value === undefined || Object.hasOwn(values, name) ? [] : [[name, value]]))
  return missing.length === 0 ? values : { ...values, ...Object.fromEntries(missing) }
}

/**
 * Reads the JSON body of a route: answers its values with the defaults of those not given.
 * The reader throws validation-failed.
 */
export function bodyReaderOf(fields: FieldDeclarations): (body: Json) => Values {
  const validate: Validator = validatorOf(fields)
  return (body) => {
    const values = typeof body === 'object' && body !== null && !Array.isArray(body) ? withDefaults(fields, body) : body
    validate(values)
    return values
  }
}

/**
 * Reads the query parameters of a route, numbers, booleans and JSON from their text; an empty text means not given.
 * The reader throws invalid-request with the wrong values in `errors`.
 */
export function queryReaderOf(fields: FieldDeclarations): (query: Readonly<Record<string, string | string[] | undefined>>) => Values {
  const readBody = bodyReaderOf(fields)
  return (query) => {
    const given = Object.entries(query).flatMap(([name, text]): [string, Json][] => (text === undefined || text === '' ? [] : [[name, readText(fields, name, text)]]))
    try {
      return readBody(Object.fromEntries(given))
    } catch (error) {
      if (!isOpsFluxError(error) || error.code !== 'validation-failed') throw error
      throw new OpsFluxError('invalid-request', error.message, { data: error.data })
    }
  }
}

// What cannot be read stays text and fails the check of its type.
function readText(fields: FieldDeclarations, name: string, text: string | string[]): Json {
  const kind = Object.hasOwn(fields, name) ? fields[name]?.kind : undefined
  if (kind === undefined || typeof text !== 'string') return text
  return structured.has(kind) ? parseOrText(text) : fromText(kind, text) ?? text
}

const structured: ReadonlySet<FieldKind> = new Set<FieldKind>(['json', 'money', 'timeRange', 'geoPoint', 'manyToMany'])

function parseOrText(text: string): Json {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch {
    return text
  }
}
