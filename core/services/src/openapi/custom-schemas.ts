import type { CustomField, FieldDeclaration } from '@opsflux/sdk'
import { answerSchema, inputSchema } from './published-schema.ts'
import type { JsonObject, SeenEntity } from './types.ts'

const description = 'Fields that the administrators of your organisation added.'

/** `custom` of a record: every field of the tenant, null where there is no value. */
export function customAnswer({ customFields, locale }: SeenEntity): JsonObject {
  const properties = customFields.map((custom) => [custom.name, { ...answerSchema({ ...ruleOf(custom), required: false }), ...labelOf(custom, locale) }])
  return { type: 'object', description, properties: Object.fromEntries(properties) }
}

export function customInput({ customFields, locale }: SeenEntity, use: 'create' | 'update'): JsonObject {
  const properties = customFields.map((custom) => [custom.name, { ...inputSchema(ruleOf(custom)), ...labelOf(custom, locale) }])
  const required = use === 'create' ? customFields.filter((custom) => custom.required === true).map((custom) => custom.name) : []
  return {
    type: 'object', description: use === 'create' ? description : `${description} Those left out keep their value; null takes one away.`,
    properties: Object.fromEntries(properties), ...(required.length > 0 ? { required } : {}), additionalProperties: false,
  }
}

function labelOf({ label, help }: CustomField, locale: string): JsonObject {
  const language = locale as keyof CustomField['label']
  const text = help?.[language] ?? help?.en
  return { title: label[language] ?? label.en, ...(text === undefined ? {} : { description: text }) }
}

/** As a field that a plugin declares would say it. */
function ruleOf({ kind, required, min, max, maxLength, precision, scale, values }: CustomField): FieldDeclaration {
  const rules = Object.entries({ required, min, max, maxLength, precision, scale, values }).filter(([, rule]) => rule !== undefined)
  return { kind, ...Object.fromEntries(rules) }
}
