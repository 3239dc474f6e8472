import { operatorNames, type EntityFeatures } from '@opsflux/sdk'
import { action, camelCase, camelCaseForm, expression, fieldShape, name } from './field-shapes.ts'
import { pluginId } from './package-manifest.ts'
import { isObject, list, pointer, record, table, text, trueOrFalse, type Shape } from './shape.ts'

export const fields = table(camelCase, fieldShape, { max: 200, form: camelCaseForm })
const step = text({ max: 40, pattern: /^[a-z][A-Za-z0-9]*(-[a-z0-9]+)*$/, form: 'must be a word such as inReview or in-review' })

/** What is compared in a guard: plain values, lists of them, and values of several parts. */
const operand: Shape = (value, path, report) => {
  const isPlain = (one: unknown): boolean => one === null || ['string', 'number', 'boolean'].includes(typeof one)
  const isFlat = isPlain(value) || (Array.isArray(value) ? value.every(isPlain) : isObject(value) && Object.values(value).every(isPlain))
  if (!isFlat || JSON.stringify(value).length > 2_000) report(path, 'must be a value of at most 2,000 characters')
}
const isOperator = (key: string): boolean => (operatorNames as readonly string[]).includes(key)
const guardTest: Shape = (value, path, report) => {
  const isTests = isObject(value) && Object.keys(value).some(isOperator)
  if (!isTests) return operand(value, path, report)
  for (const [operator, one] of Object.entries(value)) {
    if (isOperator(operator)) operand(one, pointer(path, operator), report)
    else report(pointer(path, operator), 'is not an operator')
  }
}
const guard = table(/^[a-z][A-Za-z0-9]{0,47}(\.[a-z][A-Za-z0-9]{0,47}){0,3}$/, guardTest, { min: 1, max: 20, form: 'must be the name of a field, or a path such as site.name' })

const transition = record({ from: (value, at, report) => (Array.isArray(value) ? list(step, { min: 1, max: 50 }) : step)(value, at, report), to: step }, { action, guard })
const states = record({ initial: step, values: list(step, { min: 1, max: 50 }), transitions: table(/^[a-z][A-Za-z0-9-]{0,39}$/, transition, { max: 100 }) })

const featureNames = { audit: true, comments: true, attachments: true, versions: true, search: true, softDelete: true, customFields: true } satisfies Record<keyof EntityFeatures, true>
const features = record(Object.fromEntries(Object.keys(featureNames).map((feature) => [feature, trueOrFalse])))

export const pluginIds = list(pluginId, { min: 1, max: 50 })
const hookable: Shape = (value, path, report) => (typeof value === 'boolean' ? undefined : pluginIds(value, path, report))

export const entity = record({ name, fields: table(camelCase, fieldShape, { min: 1, max: 200, form: camelCaseForm }) }, {
  states, display: name, search: list(name, { max: 20 }), scopes: record({}, { own: name, company: name, department: name }),
  unique: list(list(name, { min: 1, max: 10 }), { max: 20 }), checks: table(camelCase, expression, { max: 50, form: camelCaseForm }), features, hookable,
})
