import type { FieldDeclaration, Json } from '@opsflux/sdk'
import { decimalPattern, wholePattern } from './field-formats.ts'

export type JsonSchema = { [keyword: string]: Json }

/**
 * What the values are for. `create`: required fields must be given unless they have a default. `update`: any may be left out.
 * A required field may never be null.
 */
export type SchemaUse = 'create' | 'update'

/** JSON Schema 2020-12 of an object holding the fields; unknown fields are refused. Formats: `storable-text`, `calendar-date`, `instant`, `uuid`;
 * keyword `storableJson`. */
export function schemaOfFields(fields: Readonly<Record<string, FieldDeclaration>>, use: SchemaUse = 'create'): JsonSchema {
  const required = Object.entries(fields).filter(([, field]) => use === 'create' && field.required === true && field.default === undefined)
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOfField(field)])),
    required: required.map(([name]) => name),
    additionalProperties: false,
  }
}

/** JSON Schema of one value; null is allowed unless the field is required. */
export function schemaOfField(field: FieldDeclaration): JsonSchema {
  if (field.kind === 'json') return { storableJson: field.required === true ? 'filled' : 'any' }
  const schema = schemaOfValue(field)
  if (field.required === true) return schema
  return { ...schema, type: [schema['type'] ?? 'string', 'null'], ...(Array.isArray(schema['enum']) ? { enum: [...schema['enum'], null] } : {}) }
}

function schemaOfValue(field: FieldDeclaration): JsonSchema {
  switch (field.kind) {
    case 'string':
    case 'text': return schemaOfText(field)
    case 'integer': return { type: 'integer', minimum: Math.max(field.min ?? -Infinity, Number.MIN_SAFE_INTEGER), maximum: Math.min(field.max ?? Infinity, Number.MAX_SAFE_INTEGER) }
    case 'decimal': return { type: 'string', pattern: decimalPattern(field.precision, field.scale) }
    case 'boolean': return { type: 'boolean' }
    case 'date': return { type: 'string', format: 'calendar-date' }
    case 'datetime': return { type: 'string', format: 'instant' }
    case 'enum': return { type: 'string', enum: [...(field.values ?? [])] }
    case 'json': return { storableJson: 'any' }
    case 'reference':
    case 'user': return { type: 'string', format: 'uuid' }
  }
}

function schemaOfText(field: FieldDeclaration): JsonSchema {
  const maxLength = field.maxLength ?? (field.kind === 'text' ? 20_000 : 255)
  return { type: 'string', maxLength, format: 'storable-text', ...(field.pattern === undefined ? {} : { pattern: wholePattern(field.pattern) }) }
}
