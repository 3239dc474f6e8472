import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { OpsFluxError, type FieldDeclaration, type FieldError, type Json } from '@opsflux/sdk'
import { compilePattern, isCalendarDate, isInstant, isStorableJson, isStorableText } from './field-formats.ts'
import { schemaOfFields, type JsonSchema, type SchemaUse } from './field-schemas.ts'
import { isUuid } from './uuid.ts'

/** Throws `validation-failed` with every wrong value when the values do not fit. */
export type Validator = (values: Json) => asserts values is { [field: string]: Json }

const maxErrors = 100
let ajv: Ajv2020 | undefined

/** A check of an object of fields. Compiling takes some 3 ms, so it happens at the first call. */
export function validatorOf(fields: Readonly<Record<string, FieldDeclaration>>, use: SchemaUse = 'create'): Validator {
  let validate: ValidateFunction | undefined
  return (values) => {
    validate ??= compile(schemaOfFields(fields, use))
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

function compile(schema: JsonSchema): ValidateFunction {
  ajv ??= createAjv()
  const validate = ajv.compile(schema)
  // ajv keeps every compiled schema; releases come and go.
  ajv.removeSchema(schema)
  return validate
}

function createAjv(): Ajv2020 {
  const created = new Ajv2020({
    strict: true, allowUnionTypes: true, allErrors: true, ownProperties: true, verbose: true, validateSchema: false, meta: false,
    code: { regExp: Object.assign(compilePattern, { code: 'compilePattern' }) },
    formats: { 'storable-text': isStorableText, 'calendar-date': isCalendarDate, instant: isInstant, uuid: isUuid },
  })
  return created.addKeyword({
    keyword: 'storableJson',
    validate: (filled: 'any' | 'filled', value: Json) => (value === null ? filled === 'any' : isStorableJson(value)),
    errors: false,
  })
}

function toFieldError(error: ErrorObject): FieldError {
  const extra = error.keyword === 'required' ? String(error.params['missingProperty']) : error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : undefined
  const path = extra === undefined ? error.instancePath : `${error.instancePath}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return { path, code: error.data === null ? 'required' : codes[error.keyword] ?? error.keyword, message: messageOf(error) }
}

const codes: Record<string, string> = { additionalProperties: 'unknown', maxLength: 'too-long', minimum: 'too-small', maximum: 'too-large', storableJson: 'json' }

function messageOf(error: ErrorObject): string {
  if (error.data === null) return 'A value is required.'
  switch (error.keyword) {
    case 'required': return 'A value is required.'
    case 'additionalProperties': return 'There is no such field that can be written.'
    case 'type': return `Expected ${expectedType(error.schema)}.`
    case 'maxLength': return `At most ${String(error.params['limit'])} characters.`
    case 'minimum': return `At least ${String(error.params['limit'])}.`
    case 'maximum': return `At most ${String(error.params['limit'])}.`
    case 'enum': return `Expected one of ${(error.params['allowedValues'] as Json[]).filter((value) => value !== null).join(', ')}.`
    case 'pattern': return 'Does not have the expected form.'
    case 'format': return formats[String(error.params['format'])] ?? 'Does not have the expected form.'
    case 'storableJson': return 'Expected JSON of at most 64 KiB and 100 levels, without NUL characters.'
    default: return 'Is not accepted.'
  }
}

const formats: Record<string, string> = {
  'storable-text': 'Contains a NUL character or half a character.',
  'calendar-date': 'Expected a day of the calendar as YYYY-MM-DD.',
  instant: 'Expected a date and time with its offset, such as 2026-03-01T08:30:00Z.',
  uuid: 'Expected the id of a record.',
}

function expectedType(type: unknown): string {
  const name = Array.isArray(type) ? String(type[0]) : String(type)
  return name === 'integer' ? 'a whole number' : name === 'boolean' ? 'true or false' : name === 'object' ? 'an object of fields' : 'text'
}
