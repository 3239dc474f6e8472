import { queryLimits, type FieldDeclaration } from '@opsflux/sdk'
import { customAnswer, customInput } from './custom-schemas.ts'
import { answerSchema, inputSchema, nullable } from './published-schema.ts'
import { kindNotes } from './kind-notes.ts'
import { schemaRef, type Column, type JsonObject, type SeenEntity } from './types.ts'
import { labelled } from './words.ts'

/** The schemas of one entity: `Incident`, `IncidentPage`, and what the user may write: `IncidentInput`, `IncidentChanges`. */
export function recordSchemas(seen: SeenEntity, schemaOf: (reference: string) => string | undefined): JsonObject {
  const { schema } = seen
  return {
    [schema]: recordSchema(seen, schemaOf),
    [`${schema}Page`]: pageOf(schemaRef(schema)),
    ...(seen.may('create') ? { [`${schema}Input`]: inputOf(seen) } : {}),
    ...(seen.may('edit') ? { [`${schema}Changes`]: changesOf(seen) } : {}),
  }
}

export function pageOf(item: JsonObject): JsonObject {
  return {
    type: 'object', required: ['data', 'next'],
    properties: {
      data: { type: 'array', maxItems: queryLimits.limit, items: item },
      next: { type: ['string', 'null'], description: 'Send it as `after` for the following page; null at the end.' },
      total: { type: 'integer', minimum: 0, description: 'Only when `count` was asked.' },
      isEstimate: { type: 'boolean', description: 'Present and true when `total` is an estimate.' },
    },
  }
}

// `fields` leaves properties out: only these two are always there.
function recordSchema(seen: SeenEntity, schemaOf: (reference: string) => string | undefined): JsonObject {
  const columns = seen.entity.list.filter(({ field }) => seen.readable.has(field))
  return {
    type: 'object', required: ['id', 'revision'], ...(seen.entity.declaration.display === undefined ? {} : { description: `Named to people by \`${seen.entity.declaration.display}\`.` }),
    properties: Object.fromEntries(columns.map((column) => [column.field, column.declaration ? declaredProperty(seen, column.field, column.declaration, schemaOf) : systemProperty(seen, column)])),
  }
}

function declaredProperty(seen: SeenEntity, field: string, declaration: FieldDeclaration, schemaOf: (reference: string) => string | undefined): JsonObject {
  const value = withExpansion(answerSchema(declaration), declaration, schemaOf)
  const isGiven = declaration.kind === 'sequence' || declaration.computed !== undefined
  return { ...value, ...described(seen, field, declaration), ...(isGiven ? { readOnly: true } : {}) }
}

/** `expand` answers the record, or its name, instead of its id. */
function withExpansion(value: JsonObject, { kind, entity = '' }: FieldDeclaration, schemaOf: (reference: string) => string | undefined): JsonObject {
  if (kind === 'user' || kind === 'company' || kind === 'department' || kind === 'file') return { anyOf: [value, schemaRef('Named')] }
  if (kind !== 'reference' && kind !== 'manyToMany') return value
  const target = schemaOf(entity)
  const record = target === undefined ? { type: 'object' } : schemaRef(target)
  return kind === 'reference' ? { anyOf: [value, record] } : { type: 'array', items: { anyOf: [{ type: 'string', format: 'uuid' }, record] } }
}

function described(seen: Pick<SeenEntity, 'messages' | 'name'>, field: string, declaration: FieldDeclaration): JsonObject {
  const { title, description } = labelled(seen.messages, seen.name, field, declaration)
  const text = [description, kindNotes(declaration)].filter((part) => part !== undefined).join(' ')
  return { ...(title === undefined ? {} : { title }), ...(text === '' ? {} : { description: text }), ...(declaration.personal === true ? { 'x-personal-data': true } : {}) }
}

const instant: JsonObject = { type: 'string', format: 'date-time', readOnly: true }
const user: JsonObject = { type: ['string', 'null'], format: 'uuid', readOnly: true }
const expandable: JsonObject = { anyOf: [user, schemaRef('Named')], readOnly: true }

function systemProperty(seen: SeenEntity, { field }: Column): JsonObject {
  switch (field) {
    case 'id': return { type: 'string', format: 'uuid', readOnly: true }
    case 'revision': return { type: 'integer', minimum: 1, readOnly: true, description: 'Grows by one at every write; the ETag of the record.' }
    case 'createdAt': case 'updatedAt': return instant
    case 'createdBy': case 'updatedBy': return expandable
    case 'deletedAt': return { ...nullable(instant), description: 'When it was put in the bin; null otherwise.' }
    case 'deletedBy': return expandable
    case 'state': return { type: 'string', enum: [...(seen.entity.declaration.states?.values ?? [])], readOnly: true, description: 'Changes by transitions only.' }
    case 'custom': return customAnswer(seen)
    default: return {}
  }
}

function inputOf(seen: SeenEntity): JsonObject {
  const fields = writableFields(seen, 'create')
  const needsCustom = takesCustom(seen, 'create') && seen.customFields.some((custom) => custom.required === true)
  const required = [...fields.filter(([, field]) => field.required === true && field.default === undefined).map(([name]) => name), ...(needsCustom ? ['custom'] : [])]
  return { ...objectOf(seen, fields, 'create'), ...(required.length > 0 ? { required } : {}) }
}

function changesOf(seen: SeenEntity): JsonObject {
  return { ...objectOf(seen, writableFields(seen, 'edit'), 'update'), description: 'Those left out keep their value.' }
}

function objectOf(seen: SeenEntity, fields: [string, FieldDeclaration][], use: 'create' | 'update'): JsonObject {
  const properties = fields.map(([name, declaration]) => [name, { ...inputSchema(use === 'create' ? declaration : withoutDefault(declaration)), ...described(seen, name, declaration) }])
  const custom = takesCustom(seen, use === 'create' ? 'create' : 'edit') ? { custom: customInput(seen, use) } : {}
  return { type: 'object', additionalProperties: false, properties: { ...Object.fromEntries(properties), ...custom } }
}

function writableFields({ entity, writable }: SeenEntity, action: 'create' | 'edit'): [string, FieldDeclaration][] {
  const names = writable(action)
  return Object.entries(entity.declaration.fields).filter(([name, { kind, computed }]) => names.has(name) && kind !== 'sequence' && computed === undefined)
}

const takesCustom = ({ entity, writable }: SeenEntity, action: 'create' | 'edit'): boolean => entity.features.customFields && writable(action).has('custom')

function withoutDefault({ default: _given, ...declaration }: FieldDeclaration): FieldDeclaration {
  return declaration
}
