import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { OpsFluxError, type FieldDeclaration, type FieldError, type Json } from '@opsflux/sdk'
import { schemaOfFields, type SchemaUse } from './field-schemas.ts'
import { compileSchema } from './field-validation.ts'

/** Throws `validation-failed` with every wrong value when the values do not fit. */
export type Validator = (values: Json) => asserts values is { [field: string]: Json }

const maxErrors = 100

/** A check of an object of fields. Compiling takes some 3 ms, so it happens at the first call. */
export function validatorOf(fields: Readonly<Record<string, FieldDeclaration>>, use: SchemaUse = 'create'): Validator {
  let validate: ValidateFunction | undefined
  return (values) => {
    validate ??= compileSchema(schemaOfFields(fields, use))
    if (validate(values)) return
    const errors = (validate.errors ?? []).slice(0, maxErrors).map(toFieldError)
    throw validationFailed([...new Map(errors.map((error) => [error.path + error.message, error])).values()])
  }
}

export function validationFailed(errors: FieldError[]): OpsFluxError {
  const fields = errors.map((error) => error.path.slice(1)).filter((path) => path !== '')
  const detail = fields.length === 0 ? errors.map((error) => error.message).join(' ') : `Correct ${[...new Set(fields)].slice(0, 20).join(', ')} and send it again.`
  return new OpsFluxError('validation-failed', detail, { data: { errors: errors.map((error) => ({ ...error })) } })
}

function toFieldError(error: ErrorObject): FieldError {
  const extra = error.keyword === 'required' ? String(error.params['missingProperty']) : error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : undefined
  const path = extra === undefined ? error.instancePath : `${error.instancePath}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return { path, code: error.data === null ? 'required' : codes[error.keyword] ?? error.keyword, message: messageOf(error) }
}

const codes: Record<string, string> = { additionalProperties: 'unknown', maxLength: 'too-long', minimum: 'too-small', maximum: 'too-large', storableJson: 'json', maxItems: 'too-many', distinctIds: 'twice', timeRange: 'too-small' }

function messageOf(error: ErrorObject): string {
  if (error.data === null) return 'A value is required.'
  switch (error.keyword) {
    case 'required': return 'A value is required.'
    case 'additionalProperties': return 'There is no such field that can be written.'
    case 'type': return `Expected ${expectedType(error)}.`
    case 'maxLength': return `At most ${String(error.params['limit'])} characters.`
    case 'minimum': return `At least ${String(error.params['limit'])}.`
    case 'maximum': return `At most ${String(error.params['limit'])}.`
    case 'enum': return `Expected one of ${(error.params['allowedValues'] as Json[]).filter((value) => value !== null).join(', ')}.`
    case 'pattern': return 'Does not have the expected form.'
    case 'format': return formats[String(error.params['format'])] ?? 'Does not have the expected form.'
    case 'storableJson': return 'Expected JSON of at most 64 KiB and 100 levels, without NUL characters.'
    case 'maxItems': return `At most ${String(error.params['limit'])} items.`
    case 'distinctIds': return 'Names a record twice.'
    case 'timeRange': return 'Must be later than "from".'
    // Of the schema of a JSON field.
    default: return error.message === undefined ? 'Is not accepted.' : `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`
  }
}

const formats: Record<string, string> = {
  'storable-text': 'Contains a NUL character or half a character.',
  'calendar-date': 'Expected a day of the calendar as YYYY-MM-DD.',
  instant: 'Expected a date and time with its offset, such as 2026-03-01T08:30:00Z.',
  'date-time': 'Expected a date and time with its offset, such as 2026-03-01T08:30:00Z.',
  date: 'Expected a day of the calendar as YYYY-MM-DD.',
  'zoned-instant': 'Expected a date and time with the offset that its zone has then, such as 2026-03-01T09:30:00+01:00[Africa/Libreville].',
  currency: 'Expected a currency of ISO 4217, such as XAF.',
  uuid: 'Expected the id of a record.',
}

function expectedType({ schema, parentSchema, instancePath }: ErrorObject): string {
  const name = Array.isArray(schema) ? String(schema[0]) : String(schema)
  if (name !== 'object' || instancePath === '') return typeNames[name] ?? 'text'
  const parts = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {})
  return parts.length === 0 ? 'an object' : `an object of ${parts.join(' and ')}`
}

const typeNames: Record<string, string> = { integer: 'a whole number', number: 'a number', boolean: 'true or false', object: 'an object of fields', array: 'a list' }
