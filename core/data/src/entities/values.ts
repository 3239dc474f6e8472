import type { Json } from '@opsflux/sdk'
import type { Column, ColumnKind } from './columns.ts'
import { isCalendarDate, isInstant, isStorableText } from './field-formats.ts'
import { isUuid } from './uuid.ts'

/** Whether a column of this kind can be compared with the value. Stricter rules of the field do not matter to a comparison. */
export function isComparable(column: Column, value: Json | undefined): value is string | number | boolean {
  switch (column.kind) {
    case 'integer':
    case 'revision': return Number.isSafeInteger(value)
    case 'boolean': return typeof value === 'boolean'
    case 'json': return false
    default: return typeof value === 'string' && isComparableText(column, value)
  }
}

function isComparableText(column: Column, text: string): boolean {
  switch (column.kind) {
    case 'decimal': return /^-?\d{1,400}(\.\d{1,400})?$/.test(text)
    case 'date': return isCalendarDate(text)
    case 'datetime': return isInstant(text)
    case 'id':
    case 'reference':
    case 'user': return isUuid(text)
    default: return isStorableText(text)
  }
}

/** The JSON a text of a query string stands for; undefined when it is not of the kind. */
export function fromText(kind: ColumnKind, text: string): Json | undefined {
  switch (kind) {
    case 'integer':
    case 'revision': return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined
    case 'boolean': return text === 'true' ? true : text === 'false' ? false : undefined
    default: return text
  }
}

/** What a value of the column looks like, for error messages. */
export function expectation(column: Column): string {
  switch (column.kind) {
    case 'integer':
    case 'revision': return 'a whole number'
    case 'decimal': return 'a decimal such as 12.50'
    case 'boolean': return 'true or false'
    case 'date': return 'a day as YYYY-MM-DD'
    case 'datetime': return 'a date and time with its offset, such as 2026-03-01T08:30:00Z'
    case 'id':
    case 'reference':
    case 'user': return 'an id'
    case 'json': return 'nothing: JSON fields can only be tested with "null"'
    default: return 'text'
  }
}
