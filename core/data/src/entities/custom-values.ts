import { isOpsFluxError, type CustomField, type CustomFieldKind, type FieldDeclaration, type FieldError, type Json } from '@opsflux/sdk'
import { declarationOf } from './custom-columns.ts'
import { isCalendarDate } from './field-formats.ts'
import type { SchemaUse } from './field-schemas.ts'
import { validationFailed, validatorOf, type Validator } from './validator.ts'

type Values = { [name: string]: Json }

/**
 * Checks records with their custom values, whose errors are at `/custom/<name>`. A required custom field must be given when a record is
 * created and can never be set to null; records older than it need no value until it is written.
 */
export function withCustomValidator(validate: Validator, fields: readonly CustomField[], use: SchemaUse): Validator {
  const validateCustom: Validator = validatorOf(Object.fromEntries(fields.map((field): [string, FieldDeclaration] => [field.name, declarationOf(field)])), use)
  return (values) => {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) return validate(values)
    const { custom = {}, ...others } = values
    const errors = [...errorsOf(validate, others), ...errorsOf(validateCustom, custom).map((error) => ({ ...error, path: `/custom${error.path}` }))]
    if (errors.length > 0) throw validationFailed(errors)
  }
}

function errorsOf(validate: Validator, values: Json): FieldError[] {
  try {
    validate(values)
    return []
  } catch (error) {
    if (!isOpsFluxError(error) || error.code !== 'validation-failed') throw error
    return hasErrors(error.data) ? error.data.errors : []
  }
}

function hasErrors(data: unknown): data is { errors: FieldError[] } {
  return typeof data === 'object' && data !== null && 'errors' in data && Array.isArray(data.errors)
}

/** Valid values as they are stored, one form for each; null takes a value away. */
export function storedValues(fields: readonly CustomField[], values: Json): Values {
  const given = asValues(values)
  return Object.fromEntries(fields.flatMap((field): [string, Json][] => {
    const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined
    return value === undefined ? [] : [[field.name, stored(field, value)]]
  }))
}

function stored({ kind, scale = 6 }: CustomField, value: Json): Json {
  if (typeof value !== 'string') return value
  switch (kind) {
    case 'datetime': return new Date(value).toISOString()
    case 'decimal': return withScale(value, scale)
    case 'user': return value.toLowerCase()
    default: return value
  }
}

// As PostgreSQL prints a numeric(p, s): `12.5` with the scale 2 is `12.50`.
function withScale(decimal: string, scale: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.')
  const text = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
  return /^-[0.]*$/.test(text) ? text.slice(1) : text
}

/** What of a stored `custom` is shown: every live field, null where there is no value of its kind. Values of deleted fields stay unseen. */
export function liveValues(fields: readonly CustomField[], text: string): Values {
  const kept = asValues(JSON.parse(text) as Json)
  return Object.fromEntries(fields.map(({ name, kind }) => {
    const value = Object.hasOwn(kept, name) ? kept[name] : undefined
    return [name, value !== undefined && isOfKind[kind](value) ? value : null]
  }))
}

const isText = (value: Json): boolean => typeof value === 'string'
const matches = (pattern: RegExp) => (value: Json): boolean => typeof value === 'string' && pattern.test(value)
const isDay = (value: Json): boolean => typeof value === 'string' && isCalendarDate(value)

// The same as the functions of the database say, so that what is shown is what is found.
const isOfKind: Record<CustomFieldKind, (value: Json) => boolean> = {
  string: isText, text: isText, enum: isText, integer: Number.isSafeInteger, boolean: (value) => typeof value === 'boolean', decimal: matches(/^-?\d{1,40}(\.\d{1,40})?$/),
  date: isDay, datetime: (value) => matches(/^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/)(value) && isDay(String(value).slice(0, 10)),
  user: matches(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
}

function asValues(value: Json): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
