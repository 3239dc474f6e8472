import type { FieldDeclaration, FieldKind, Json } from '@opsflux/sdk'
import { anything, isObject, list, oneOf, pointer, record, text, trueOrFalse, wholeNumber, type Report, type Shape } from './shape.ts'
import { mayBeSlow } from './slow-pattern.ts'

/** Entities, fields and routes; the snake_case of 48 characters stays under PostgreSQL's 63 bytes for a name. */
export const camelCase = /^[a-z][a-z0-9]*([A-Z][a-z0-9]*){0,14}$/
export const camelCaseForm = 'must be in camelCase'
export const name = text({ max: 48, pattern: camelCase, form: camelCaseForm })

const pattern: Shape = (value, path, report) => {
  if (typeof value !== 'string' || value.length > 200) return report(path, 'must be a regular expression of at most 200 characters')
  try {
    new RegExp(value, 'u')
  } catch {
    report(path, 'is not a regular expression')
  }
}

const integerBound = wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
const choice = text({ max: 100 })

const optionsByKind: Record<FieldKind, Record<string, Shape>> = {
  string: { maxLength: wholeNumber(1, 10_000), pattern },
  text: { maxLength: wholeNumber(1, 1_000_000), pattern },
  integer: { min: integerBound, max: integerBound },
  decimal: { precision: wholeNumber(1, 100), scale: wholeNumber(0, 100) },
  boolean: {}, date: {}, datetime: {}, json: {}, user: {},
  enum: { values: list(choice, { min: 1, max: 200 }) },
  reference: { entity: name },
}
const common = { required: trueOrFalse, default: anything, unique: trueOrFalse, index: trueOrFalse }
const needed: Partial<Record<FieldKind, string>> = { enum: 'values', reference: 'entity' }

/** A field as `plugin.json` declares it: only the options of its kind, and a default the field itself would take. */
export const fieldShape: Shape = (value, path, report) => {
  if (!isObject(value) || typeof value.kind !== 'string' || !Object.hasOwn(optionsByKind, value.kind)) return report(`${path}/kind`, 'must be one of the kinds of field')
  const kind = value.kind as FieldKind
  const required = needed[kind]
  const options = optionsByKind[kind]
  const must = required === undefined ? {} : { [required]: options[required] ?? anything }
  let sound = true
  record({ kind: oneOf([kind]), ...must }, { ...options, ...common })(value, path, (at, message) => {
    sound = false
    report(at, message)
  })
  if (sound) checkValues(value as unknown as FieldDeclaration, path, report)
}

function checkValues(field: FieldDeclaration, path: string, report: Report): void {
  if (field.min !== undefined && field.max !== undefined && field.min > field.max) report(pointer(path, 'min'), 'is greater than max')
  if ((field.scale ?? 6) > (field.precision ?? 18)) report(pointer(path, 'scale'), 'is greater than the precision')
  if (field.default !== undefined && !accepts(field, field.default)) report(pointer(path, 'default'), 'is not a value of this field')
}

/** The host matches what is written with a time limit; here a default that could take long is taken as it is. */
const isLeftToHost = (source: string, value: string): boolean => value.length > 64 || mayBeSlow(source)
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function accepts(field: FieldDeclaration, value: Json): boolean {
  switch (field.kind) {
    case 'string': case 'text':
      return typeof value === 'string' && value.length <= (field.maxLength ?? (field.kind === 'string' ? 255 : 20_000)) && (field.pattern === undefined || isLeftToHost(field.pattern, value) || new RegExp(`^(?:${field.pattern})$`, 'u').test(value))
    case 'integer': return typeof value === 'number' && Number.isSafeInteger(value) && value >= (field.min ?? -Infinity) && value <= (field.max ?? Infinity)
    case 'decimal': return typeof value === 'string' && /^-?\d{1,100}(\.\d{1,100})?$/.test(value)
    case 'boolean': return typeof value === 'boolean'
    case 'date': return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
    case 'datetime': return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
    case 'enum': return typeof value === 'string' && (field.values ?? []).includes(value)
    case 'json': return JSON.stringify(value).length <= 64 * 1024
    case 'reference': case 'user': return typeof value === 'string' && uuid.test(value)
  }
}
