import { actions, type FieldDeclaration, type FieldKind } from '@opsflux/sdk'
import { isDefaultOf } from './field-defaults.ts'
import { jsonSchemaShape } from './json-schema-shape.ts'
import { anything, isObject, list, oneOf, pointer, record, text, trueOrFalse, wholeNumber, type Report, type Shape } from './shape.ts'

/** Entities, fields and routes; the snake_case of 48 characters stays under PostgreSQL's 63 bytes for a name. */
export const camelCase = /^[a-z][a-z0-9]*([A-Z][a-z0-9]*){0,14}$/
export const camelCaseForm = 'must be in camelCase'
export const name = text({ max: 48, pattern: camelCase, form: camelCaseForm })
export const messageKey = text({ max: 120, pattern: /^[A-Za-z][\w.-]*$/, form: 'must be a key of the locales' })
export const action = oneOf(actions)
/** An SQL expression over columns of a table; what it may say is judged where migrations are. */
export const expression = text({ max: 2_000 })

const pattern: Shape = (value, path, report) => {
  if (typeof value !== 'string' || value.length > 200) return report(path, 'must be a regular expression of at most 200 characters')
  try {
    new RegExp(value, 'u')
  } catch {
    report(path, 'is not a regular expression')
  }
}

const integerBound = wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
const bounds = { min: integerBound, max: integerBound }
const digits = { precision: wholeNumber(1, 100), scale: wholeNumber(0, 100) }
const choice = text({ max: 100 })
const lineLength = { maxLength: wholeNumber(1, 10_000) }
const textLength = { maxLength: wholeNumber(1, 1_000_000) }
const search = { search: oneOf(['A', 'B', 'C', 'D']) }
const currencies = { currencies: list(text({ max: 3, pattern: /^[A-Z]{3}$/, form: 'must be a currency of ISO 4217 such as XAF' }), { min: 1, max: 200 }) }
/** `incident`, or `hse-reports/incident`. */
const entity = text({ max: 89, pattern: /^([a-z][a-z0-9]*(-[a-z0-9]+)*\/)?[a-z][a-z0-9]*([A-Z][a-z0-9]*){0,14}$/, form: 'must be the name of an entity such as incident or hse-reports/incident' })
const sequence: Shape = (value, path, report) => {
  const parts = typeof value === 'string' && value.length <= 60 ? value.split(/(\{[^}]*\})/) : []
  const numbers = parts.filter((part) => /^\{number(:([1-9]|1[0-8]))?\}$/.test(part)).length
  const years = parts.filter((part) => part === '{year}').length
  const others = parts.filter((part) => /^[\w ./-]*$/.test(part)).length
  if (numbers !== 1 || years > 1 || numbers + years + others < parts.length) report(path, 'must have one {number} or {number:4} and at most one {year} among letters, digits, blanks and . / _ -')
}

const shown = { label: messageKey, help: messageKey, read: action }
const written = { ...shown, write: action, personal: trueOrFalse, required: trueOrFalse, default: anything }
const keyed = { unique: trueOrFalse, index: trueOrFalse }

const optionsByKind: Record<FieldKind, Record<string, Shape>> = {
  string: { ...written, ...keyed, ...lineLength, pattern, ...search }, text: { ...written, ...keyed, ...textLength, pattern, ...search }, richText: { ...written, ...textLength, ...search },
  integer: { ...written, ...keyed, ...bounds }, decimal: { ...written, ...keyed, ...digits }, money: { ...written, ...keyed, ...bounds, ...currencies },
  boolean: { ...written, ...keyed }, date: { ...written, ...keyed }, datetime: { ...written, ...keyed }, zonedDatetime: { ...written, ...keyed },
  timeRange: { ...written, index: trueOrFalse }, duration: { ...written, ...keyed, ...bounds }, enum: { ...written, ...keyed, values: list(choice, { min: 1, max: 200 }), ...search },
  json: { ...written, ...keyed, schema: jsonSchemaShape }, reference: { ...written, ...keyed, entity, onDelete: oneOf(['restrict', 'setNull', 'cascade']) },
  manyToMany: { ...shown, write: action, personal: trueOrFalse, entity }, user: { ...written, ...keyed }, company: { ...written, ...keyed }, department: { ...written, ...keyed }, file: { ...written, ...keyed },
  geoPoint: { ...written, index: trueOrFalse }, sequence: { ...shown, ...search, sequence, gapless: trueOrFalse },
  encrypted: { ...shown, write: action, personal: trueOrFalse, required: trueOrFalse, maxLength: wholeNumber(1, 10_000) },
}
const needed: Partial<Record<FieldKind, string>> = { enum: 'values', reference: 'entity', manyToMany: 'entity', sequence: 'sequence' }

const computedBase = { ...shown, personal: trueOrFalse, index: trueOrFalse }
const computedOptions: Partial<Record<FieldKind, Record<string, Shape>>> = {
  string: { ...computedBase, ...lineLength, ...search }, text: { ...computedBase, ...textLength, ...search }, integer: computedBase, decimal: { ...computedBase, ...digits },
  boolean: computedBase, date: computedBase, datetime: computedBase, duration: computedBase,
}

/** A field as `plugin.json` declares it: only the options of its kind, and a default the field itself would take. */
export const fieldShape: Shape = (value, path, report) => {
  if (!isObject(value) || typeof value.kind !== 'string' || !Object.hasOwn(optionsByKind, value.kind)) return report(`${path}/kind`, 'must be one of the kinds of field')
  const kind = value.kind as FieldKind
  let sound = true
  shapeOf(kind, Object.hasOwn(value, 'computed'))(value, path, (at, message) => {
    sound = false
    report(at, message)
  })
  if (sound) checkValues(value as unknown as FieldDeclaration, path, report)
}

function shapeOf(kind: FieldKind, isComputed: boolean): Shape {
  const computed = computedOptions[kind]
  if (isComputed && computed) return record({ kind: oneOf([kind]), computed: expression }, computed)
  const options = optionsByKind[kind]
  const must = needed[kind]
  return record({ kind: oneOf([kind]), ...(must === undefined ? {} : { [must]: options[must] ?? anything }) }, options)
}

function checkValues(field: FieldDeclaration, path: string, report: Report): void {
  if (field.min !== undefined && field.max !== undefined && field.min > field.max) report(pointer(path, 'min'), 'is greater than max')
  if ((field.scale ?? 6) > (field.precision ?? 18)) report(pointer(path, 'scale'), 'is greater than the precision')
  if (field.required === true && field.onDelete === 'setNull') report(pointer(path, 'onDelete'), 'cannot be setNull where a value is required')
  if (field.default !== undefined && !isDefaultOf(field, field.default)) report(pointer(path, 'default'), 'is not a value of this field')
}
