import type { FieldDeclaration, Json } from '@opsflux/sdk'
import { literal, snakeCase } from './names.ts'
import type { Column } from './model.ts'

/** The columns of a field in its table; none for `manyToMany`, whose links have a table of their own. */
export function columnsOfField(field: string, declaration: FieldDeclaration): Column[] {
  const { kind, required = false, computed } = declaration
  const name = snakeCase(field)
  if (kind === 'manyToMany') return []
  if (computed !== undefined) return [{ name, field, kind, type: typeOf(declaration), notNull: false, generated: computed }]
  const parts = partsOf(declaration)
  const defaults = defaultsOf(declaration)
  const columns = parts.map(([suffix, type], at): Column => ({ name: `${name}${suffix}`, field, kind, type, notNull: required, ...(defaults[at] === undefined ? {} : { default: defaults[at] }) }))
  if (kind === 'reference') return columns.map((column) => ({ ...column, target: declaration.entity ?? '' }))
  return kind === 'enum' ? columns.map((column) => ({ ...column, values: declaration.values ?? [] })) : columns
}

/** Ends of the names of the columns of a kind, with their types. */
function partsOf(declaration: FieldDeclaration): [suffix: string, type: string][] {
  switch (declaration.kind) {
    case 'money': return [['', 'bigint'], ['_currency', 'char(3)']]
    case 'zonedDatetime': return [['', 'timestamptz'], ['_zone', 'text']]
    case 'geoPoint': return [['_lat', 'double precision'], ['_lng', 'double precision']]
    default: return [['', typeOf(declaration)]]
  }
}

function typeOf({ kind, maxLength, precision, scale }: FieldDeclaration): string {
  switch (kind) {
    case 'string': return `varchar(${maxLength ?? 255})`
    case 'integer': case 'duration': return 'bigint'
    case 'decimal': return `numeric(${precision ?? 18},${scale ?? 6})`
    case 'boolean': case 'date': return kind
    case 'datetime': return 'timestamptz'
    case 'timeRange': return 'tstzrange'
    case 'json': return 'jsonb'
    case 'reference': case 'user': case 'company': case 'department': case 'file': return 'uuid'
    default: return 'text'
  }
}

/** The declared default as SQL, by column. The host gives it to what it creates; in the database it serves the rows that are there when a required field is added. */
function defaultsOf({ kind, required, default: value }: FieldDeclaration): string[] {
  if (required !== true || value === undefined || value === null || kind === 'encrypted' || kind === 'zonedDatetime') return []
  if (typeof value === 'object' && !Array.isArray(value)) return ofObject(kind, value)
  if (kind === 'json') return [`${literal(JSON.stringify(value))}::jsonb`]
  return [typeof value === 'string' ? literal(value) : String(value)]
}

function ofObject(kind: string, value: { [key: string]: Json }): string[] {
  switch (kind) {
    case 'money': return [String(value['minor']), literal(String(value['currency']))]
    case 'geoPoint': return [String(value['lat']), String(value['lng'])]
    case 'timeRange': return [literal(`[${String(value['from'])},${value['to'] === null ? '' : String(value['to'])})`)]
    default: return [`${literal(JSON.stringify(value))}::jsonb`]
  }
}
