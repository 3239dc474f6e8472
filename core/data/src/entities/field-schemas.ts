import { queryLimits, type FieldDeclaration, type Json } from '@opsflux/sdk'
import { decimalPattern, wholePattern } from './field-formats.ts'

export type JsonSchema = { [keyword: string]: Json }

/**
 * What the values are for. `create`: required fields must be given unless they have a default. `update`: any may be left out.
 * A required field may never be null.
 */
export type SchemaUse = 'create' | 'update'

/** Whether values can be given for the field; those of sequences and of computed fields are made. */
export const isGiven = (field: FieldDeclaration): boolean => field.kind !== 'sequence' && field.computed === undefined

/**
 * JSON Schema 2020-12 of an object holding the fields; unknown fields are refused. Our own formats: `storable-text`, `calendar-date`, `instant`,
 * `zoned-instant`, `currency`, `uuid`; our own keywords: `storableJson`, `jsonSchema` (a schema inside `json`), `timeRange`, `distinctIds`.
 */
export function schemaOfFields(fields: Readonly<Record<string, FieldDeclaration>>, use: SchemaUse = 'create'): JsonSchema {
  const given = Object.entries(fields).filter(([, field]) => isGiven(field))
  const required = given.filter(([, field]) => use === 'create' && field.required === true && field.default === undefined)
  return {
    type: 'object',
    properties: Object.fromEntries(given.map(([name, field]) => [name, schemaOfField(field)])),
    required: required.map(([name]) => name),
    additionalProperties: false,
  }
}

/** JSON Schema of one value; null is allowed unless the field is required. Links are a list, which may be empty. */
export function schemaOfField(field: FieldDeclaration): JsonSchema {
  if (field.kind === 'json') return schemaOfJson(field)
  const schema = schemaOfValue(field)
  if (field.required === true || field.kind === 'manyToMany') return schema
  return { ...schema, type: [schema['type'] ?? 'string', 'null'], ...(Array.isArray(schema['enum']) ? { enum: [...schema['enum'], null] } : {}) }
}

function schemaOfJson({ required, schema }: FieldDeclaration): JsonSchema {
  return { storableJson: required === true ? 'filled' : 'any', ...(schema === undefined ? {} : { jsonSchema: { ...schema } }) }
}

function schemaOfValue(field: FieldDeclaration): JsonSchema {
  switch (field.kind) {
    case 'string': case 'text': case 'richText': case 'encrypted': case 'sequence': return schemaOfText(field)
    case 'integer': case 'duration': return wholeNumber(field)
    case 'decimal': return { type: 'string', pattern: decimalPattern(field.precision, field.scale) }
    case 'money': return object({ minor: wholeNumber(field), currency: field.currencies ? { type: 'string', enum: [...field.currencies] } : { type: 'string', format: 'currency' } })
    case 'boolean': return { type: 'boolean' }
    case 'date': return { type: 'string', format: 'calendar-date' }
    case 'datetime': return { type: 'string', format: 'instant' }
    case 'zonedDatetime': return { type: 'string', format: 'zoned-instant' }
    case 'timeRange': return { ...object({ from: { type: 'string', format: 'instant' }, to: { type: ['string', 'null'], format: 'instant' } }), timeRange: true }
    case 'enum': return { type: 'string', enum: [...(field.values ?? [])] }
    case 'json': return schemaOfJson(field)
    case 'geoPoint': return object({ lat: { type: 'number', minimum: -90, maximum: 90 }, lng: { type: 'number', minimum: -180, maximum: 180 } })
    case 'manyToMany': return { type: 'array', items: { type: 'string', format: 'uuid' }, maxItems: queryLimits.links, distinctIds: true }
    case 'reference': case 'user': case 'company': case 'department': case 'file': return { type: 'string', format: 'uuid' }
  }
}

const object = (properties: { [name: string]: JsonSchema }): JsonSchema => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false })

function wholeNumber({ min, max }: FieldDeclaration): JsonSchema {
  return { type: 'integer', minimum: Math.max(min ?? -Infinity, Number.MIN_SAFE_INTEGER), maximum: Math.min(max ?? Infinity, Number.MAX_SAFE_INTEGER) }
}

const longest: Partial<Record<FieldDeclaration['kind'], number>> = { text: 20_000, richText: 100_000, encrypted: 1_000 }

function schemaOfText({ kind, maxLength = longest[kind] ?? 255, pattern }: FieldDeclaration): JsonSchema {
  return { type: 'string', maxLength, format: 'storable-text', ...(pattern === undefined ? {} : { pattern: wholePattern(pattern) }) }
}
