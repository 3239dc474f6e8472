import { toInstant, toDay } from './dates.ts'

/** Where the value of one field comes from. Exactly one of `column`, `template` and `constant`. */
export interface FieldMapping {
  column?: string
  /** Text with columns in braces: `{Description} ({Sector})`. */
  template?: string
  constant?: string | number | boolean
  /** What each value of the column becomes; a value that is not listed fails the row. */
  values?: Record<string, string>
  /** How the column writes a date, such as `dd-MM-yyyy HH:mm`. */
  date?: string
  /** IANA zone of such a date. Default `UTC`. */
  zone?: string
  /** What the field takes. Default `text`. */
  as?: 'text' | 'number' | 'day' | 'instant'
  /** An empty value fails the row. Default false: the field is left out. */
  required?: boolean
}

export interface Mapping {
  /** Default `,`. */
  delimiter?: string
  fields: Record<string, FieldMapping>
}

export type Row = Record<string, string>
export type FieldValue = string | number | boolean

/** Checks a mapping read from a file. @throws Error that names the field and what is wrong with it */
export function readMapping(json: unknown): Mapping {
  const mapping = json as Partial<Mapping> | null
  if (typeof mapping?.fields !== 'object' || mapping.fields === null) throw new Error('The mapping needs an object "fields".')
  for (const [name, field] of Object.entries(mapping.fields)) {
    const sources = [field.column, field.template, field.constant].filter((source) => source !== undefined)
    if (sources.length !== 1) throw new Error(`Field "${name}" of the mapping needs one of "column", "template" and "constant".`)
    if (field.date !== undefined && field.as !== 'day' && field.as !== 'instant') throw new Error(`Field "${name}" has a date format: say "as": "day" or "as": "instant".`)
  }
  return mapping as Mapping
}

/** The columns a mapping reads, to be compared with those of the file. */
export function columnsOf(mapping: Mapping): string[] {
  const columns = Object.values(mapping.fields).flatMap(({ column, template }) => [
    ...(column === undefined ? [] : [column]),
    ...[...(template ?? '').matchAll(/\{([^{}]+)\}/gu)].map(([, name = '']) => name),
  ])
  return [...new Set(columns)]
}

/** The record a row becomes. @throws Error that names the field, the value and what was expected */
export function mapRow(row: Row, mapping: Mapping): Record<string, FieldValue> {
  const record: Record<string, FieldValue> = {}
  for (const [name, field] of Object.entries(mapping.fields)) {
    const value = valueOf(name, row, field)
    if (value !== undefined) record[name] = value
  }
  return record
}

function valueOf(name: string, row: Row, field: FieldMapping): FieldValue | undefined {
  if (field.constant !== undefined) return field.constant
  const text = field.template === undefined ? cell(row, field.column ?? '') : field.template.replace(/\{([^{}]+)\}/gu, (_all, column: string) => cell(row, column)).trim()
  if (text === '') {
    if (field.required) throw new Error(`"${name}" is empty, and it is required.`)
    return undefined
  }
  return converted(name, field.values ? listed(name, text, field.values) : text, field)
}

const cell = (row: Row, column: string): string => (row[column] ?? '').trim()

function listed(name: string, text: string, values: Record<string, string>): string {
  const value = Object.hasOwn(values, text) ? values[text] : undefined
  if (value === undefined) throw new Error(`"${name}" is "${text}", which the mapping does not list: ${Object.keys(values).join(', ')}.`)
  return value
}

function converted(name: string, text: string, { as = 'text', date, zone = 'UTC' }: FieldMapping): FieldValue {
  if (as === 'text') return text
  if (as === 'number') {
    if (!Number.isFinite(Number(text))) throw new Error(`"${name}" is "${text}", which is no number.`)
    return Number(text)
  }
  const format = date ?? (as === 'day' ? 'yyyy-MM-dd' : 'yyyy-MM-dd HH:mm')
  const value = as === 'day' ? toDay(text, format) : toInstant(text, format, zone)
  if (value === undefined) throw new Error(`"${name}" is "${text}", which is no date written ${format}.`)
  return value
}
