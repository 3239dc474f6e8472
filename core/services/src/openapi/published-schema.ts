import { schemaOfField } from '@opsflux/data'
import type { FieldDeclaration, Json } from '@opsflux/sdk'
import type { JsonObject } from './types.ts'

/** The formats of our validator that readers of a document know by another name; what it calls otherwise is its own affair. */
const formats: Readonly<Record<string, string>> = { 'calendar-date': 'date', instant: 'date-time', uuid: 'uuid' }

/** JSON Schema 2020-12, without what a document cannot carry: references within a schema would lead into the document. */
const plain: ReadonlySet<string> = new Set([
  'type', 'enum', 'const', 'required', 'minItems', 'maxItems', 'uniqueItems', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength',
  'pattern', 'minProperties', 'maxProperties', 'minContains', 'maxContains', 'dependentRequired', 'title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly',
])
const schemas: ReadonlySet<string> = new Set(['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else', 'unevaluatedProperties', 'unevaluatedItems'])
const lists: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const maps: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'dependentSchemas'])

/** A schema of the engine as others can read it. */
export function published(schema: Json): Json {
  if (!isObject(schema) || '$ref' in schema) return isObject(schema) ? {} : schema
  return Object.fromEntries(Object.entries(schema).flatMap(([keyword, value]): [string, Json][] => {
    if (plain.has(keyword)) return [[keyword, value]]
    if (schemas.has(keyword)) return [[keyword, published(value)]]
    if (lists.has(keyword) && Array.isArray(value)) return [[keyword, value.map(published)]]
    if (maps.has(keyword) && isObject(value)) return [[keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, published(inner)]))]]
    if (keyword === 'jsonSchema') return Object.entries(asObject(published(value)))
    if (keyword !== 'format') return []
    return value === 'currency' ? [['pattern', '^[A-Z]{3}$']] : Object.hasOwn(formats, String(value)) ? [['format', formats[String(value)] ?? '']] : []
  }))
}

/** What a field takes; null too unless it is required. */
export function inputSchema(declaration: FieldDeclaration): JsonObject {
  const schema = schemaFor(declaration)
  return declaration.default === undefined || declaration.default === null ? schema : { ...schema, default: declaration.default }
}

function schemaFor(declaration: FieldDeclaration): JsonObject {
  const schema = asObject(published(schemaOfField(declaration)))
  // Whether a field is required is not for the schema of its JSON to say.
  return declaration.kind === 'json' && declaration.required !== true ? nullable(schema) : schema
}

/** Rules for what is written. Records from before a rule was made stricter are answered as they are. */
const rules: ReadonlySet<string> = new Set(['minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'uniqueItems', 'default'])

/** What a field is answered as, null too unless it is required. */
export function answerSchema(declaration: FieldDeclaration): JsonObject {
  const schema = withoutRules(asObject(published(schemaOfField({ ...declaration, required: true }))))
  const isAlwaysThere = declaration.required === true && declaration.computed === undefined
  return isAlwaysThere || declaration.kind === 'manyToMany' || declaration.kind === 'sequence' ? schema : nullable(schema)
}

export function nullable(schema: JsonObject): JsonObject {
  if (Object.keys(schema).length === 0) return schema
  const { type, enum: values, ...others } = schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  return { type: [type, 'null'], ...others, ...(Array.isArray(values) ? { enum: [...values, null] } : {}) }
}

function withoutRules(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).flatMap(([keyword, value]): [string, Json][] => {
    if (rules.has(keyword)) return []
    if (keyword === 'properties' && isObject(value)) return [[keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutRules(asObject(inner))]))]]
    return [[keyword, keyword === 'items' && isObject(value) ? withoutRules(value) : value]]
  }))
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const asObject = (schema: Json): JsonObject => (isObject(schema) ? schema : {})
