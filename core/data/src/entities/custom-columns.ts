import { customFieldKinds, type CustomField, type CustomFieldKind, type FieldDeclaration } from '@opsflux/sdk'
import { sql } from '../database/sql.ts'
import type { Column } from './kinds/column.ts'
import { kindColumn } from './kinds/kind-columns.ts'

/** Names stand in SQL as they are. */
export const customNamePattern = /^[a-z][a-zA-Z0-9]{0,39}$/

// Each answers null for what is not of its type, and never fails: values may be left from before, or written by a migration.
const functions: Record<CustomFieldKind, string> = {
  string: 'custom_text', text: 'custom_text', enum: 'custom_text', integer: 'custom_integer', decimal: 'custom_decimal', boolean: 'custom_boolean',
  date: 'custom_date', datetime: 'custom_instant', user: 'custom_uuid',
}

/** What a custom field is compared, sorted and indexed by: `opsflux.custom_text(record.custom, 'badge')`. Text, not parameters: an index serves no other. */
export function customExpression({ name, kind }: Pick<CustomField, 'name' | 'kind'>, table = 'record.'): string {
  if (!customNamePattern.test(name) || !(customFieldKinds as readonly string[]).includes(kind)) throw new Error(`There cannot be a custom field "${name}" of the kind "${kind}".`)
  return `opsflux.${functions[kind]}(${table}custom, '${name}')`
}

/** As a field that a plugin declares would say it. */
export function declarationOf({ kind, required, min, max, maxLength, precision, scale, values }: CustomField): FieldDeclaration {
  return {
    kind, ...(required ? { required } : {}), ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }), ...(maxLength === undefined ? {} : { maxLength }),
    ...(precision === undefined ? {} : { precision }), ...(scale === undefined ? {} : { scale }), ...(values ? { values } : {}),
  }
}

/** For `where`, `sort` and `groupBy` as `custom.badge`; values are written and shown through `custom`. */
export function customColumn(field: CustomField): Column {
  // Records older than the field have no value, even of a required one.
  const { required: _required, ...declaration } = declarationOf(field)
  const expression = customExpression(field)
  const like = kindColumn({ field: field.name, declaration, entity: '', pluginId: '' })
  return { ...like, field: `custom.${field.name}`, name: '', ref: sql.raw(expression), selection: expression, writes: () => [], isWritable: false }
}
