import type { FieldDeclaration, GeoPoint, Json, Money, TimeRange } from '@opsflux/sdk'
import { quoteIdentifier } from '../../database/roles.ts'
import { sql } from '../../database/sql.ts'
import { schemaOf } from '../../plugin-schema/names.ts'
import type { Sealer } from '../sealer.ts'
import { makeColumn, makePart, recordRef, snakeCase, type Column, type ColumnTraits, type ColumnWrite } from './column.ts'
import { bare, booleanJson, dateJson, decimalJson, instantJson, instantOf, isFiniteText, quoted } from './json-texts.ts'
import { parseZoned, zonedText } from './zoned-instant.ts'

export interface DeclaredField {
  field: string
  declaration: FieldDeclaration
  /** Of the entity and its plugin: link tables are named by them. */
  entity: string
  pluginId: string
  sealer?: Sealer | undefined
}

/** The SQL columns that a field of this kind has. */
export function sqlNamesOf(field: string, { kind }: FieldDeclaration): string[] {
  const name = snakeCase(field)
  switch (kind) {
    case 'manyToMany': return []
    case 'money': return [name, `${name}_currency`]
    case 'zonedDatetime': return [name, `${name}_zone`]
    case 'geoPoint': return [`${name}_lat`, `${name}_lng`]
    default: return [name]
  }
}

export function kindColumn(one: DeclaredField): Column {
  const { field, declaration } = one
  const isWritten = declaration.kind !== 'sequence' && declaration.computed === undefined
  return makeColumn(field, declaration.kind, { declaration, ...traitsOf(one), ...(isWritten ? {} : { isWritable: false, writes: () => [] }) })
}

const uuid: ColumnTraits = { type: 'uuid', json: quoted }
const wholeNumber: ColumnTraits = { type: 'bigint', json: bare, read: Number }
/** Whether there is a value is all that can be asked. */
const opaque: ColumnTraits = { isSortable: false, isFilterable: false, isGroupable: false }

function traitsOf(one: DeclaredField): ColumnTraits {
  switch (one.declaration.kind) {
    case 'string': case 'text': case 'richText': case 'enum': case 'sequence': return { read: (text) => text }
    case 'integer': case 'duration': return wholeNumber
    case 'decimal': return { type: 'numeric', json: decimalJson }
    case 'boolean': return { type: 'boolean', json: booleanJson }
    case 'date': return { type: 'date', json: dateJson }
    case 'datetime': return { type: 'timestamptz', json: instantJson }
    case 'reference': case 'user': case 'company': case 'department': case 'file': return uuid
    case 'json': return jsonTraits(one.field)
    case 'money': return moneyTraits(one)
    case 'zonedDatetime': return zonedTraits(one)
    case 'timeRange': return rangeTraits(one)
    case 'geoPoint': return pointTraits(one)
    case 'manyToMany': return linkTraits(one)
    case 'encrypted': return sealedTraits(one)
  }
}

export function jsonTraits(field: string): ColumnTraits {
  return { ...opaque, type: 'jsonb', json: bare, writes: (value) => [{ name: snakeCase(field), value: value === null ? null : JSON.stringify(value), type: 'jsonb' }] }
}

function moneyTraits({ field }: DeclaredField): ColumnTraits {
  const name = snakeCase(field)
  const currency = `${name}_currency`
  return {
    ...pairTraits<Money>([name, currency], ['bigint', 'bpchar'], ({ minor, currency: code }) => [minor, code]),
    parts: new Map([['currency', makePart(`${field}.currency`, 'string', recordRef(currency), { type: 'bpchar' })]]),
    json: (text) => `{"minor":${text.slice(0, text.indexOf(' '))},"currency":${JSON.stringify(text.slice(text.indexOf(' ') + 1))}}`,
  }
}

/** A value in two columns, selected with a blank between them and compared by the first. */
function pairTraits<T>(names: readonly [string, string], types: readonly [string, string], of: (value: T) => readonly [unknown, unknown]): ColumnTraits {
  const [left, right] = [recordRef(names[0]), recordRef(names[1])]
  const writes = (value: Json): ColumnWrite[] => {
    const values = value === null ? [] : of(value as T)
    return names.map((name, half) => ({ name, value: values[half] ?? null, type: types[half] ?? '' }))
  }
  return {
    name: names[0], ref: sql.raw(left), type: types[0], selection: `${left}::text || ' ' || ${right}::text`, writes,
    pair: { refs: [sql.raw(left), sql.raw(right)], types, of: (value) => of(value as T) },
  }
}

function zonedTraits({ field }: DeclaredField): ColumnTraits {
  const name = snakeCase(field)
  const zone = `${name}_zone`
  const write = (value: Json): ColumnWrite[] => {
    const parsed = typeof value === 'string' ? parseZoned(value) : undefined
    return [{ name, value: parsed?.instant ?? null, type: 'timestamptz' }, { name: zone, value: parsed?.zone ?? null, type: 'text' }]
  }
  return {
    type: 'timestamptz', selection: `${recordRef(name)}::text || ' ' || ${recordRef(zone)}`, writes: write,
    json: (text) => {
      const at = text.indexOf(' ', 11)
      const instant = instantOf(text.slice(0, at))
      return instant === null ? 'null' : JSON.stringify(zonedText(instant, text.slice(at + 1)))
    },
    parts: new Map([['zone', makePart(`${field}.zone`, 'string', recordRef(zone))]]),
  }
}

const rangeText = /^[[(](?:"?([^",]*)"?),(?:"?([^",]*)"?)[\])]$/

function rangeTraits({ field }: DeclaredField): ColumnTraits {
  const name = snakeCase(field)
  const bound = (end: 'lower' | 'upper', part: string): [string, Column] => [part, makePart(`${field}.${part}`, 'datetime', `${end}(${recordRef(name)})`, { type: 'timestamptz', json: instantJson })]
  return {
    type: 'tstzrange', parts: new Map([bound('lower', 'from'), bound('upper', 'to')]),
    json: (text) => {
      const [, from = '', to = ''] = rangeText.exec(text) ?? []
      const [start, end] = [instantOf(from), instantOf(to)]
      return start === null ? 'null' : `{"from":"${start}","to":${end === null ? 'null' : `"${end}"`}}`
    },
    writes: (value) => [{ name, value: value === null ? null : rangeLiteral(value as TimeRange), type: 'tstzrange' }],
  }
}

export const rangeLiteral = ({ from, to }: TimeRange): string => `[${from},${to ?? ''})`

function pointTraits({ field }: DeclaredField): ColumnTraits {
  const name = snakeCase(field)
  return {
    ...pairTraits<GeoPoint>([`${name}_lat`, `${name}_lng`], ['double precision', 'double precision'], ({ lat, lng }) => [lat, lng]), isSortable: false, isGroupable: false,
    json: (text) => (isFiniteText(text) ? `{"lat":${text.slice(0, text.indexOf(' '))},"lng":${text.slice(text.indexOf(' ') + 1)}}` : 'null'),
  }
}

/** The table of a `manyToMany` field, with its schema. */
export function linkTableOf({ pluginId, entity, field }: Pick<DeclaredField, 'pluginId' | 'entity' | 'field'>): string {
  return `${quoteIdentifier(schemaOf(pluginId))}.${quoteIdentifier(`${snakeCase(entity)}_${snakeCase(field)}`)}`
}

function linkTraits(one: DeclaredField): ColumnTraits {
  const table = linkTableOf(one)
  const targets = `select json_agg(link.target order by link.position)::text from ${table} as link where link.source = record.id`
  return {
    ...opaque, name: '', type: 'uuid', isFilterable: true, linkTable: sql.raw(table), selection: `coalesce((${targets}), '[]')`, writes: () => [], json: bare,
    ref: sql.raw(`(select min(link.position) from ${table} as link where link.source = record.id)`),
  }
}

function sealedTraits({ field, entity, pluginId, sealer }: DeclaredField): ColumnTraits {
  const name = snakeCase(field)
  const purpose = [pluginId, entity, field]
  const open = (text: string): string => withSealer(sealer).open(text, purpose)
  return {
    ...opaque, json: (text) => JSON.stringify(open(text)), read: open,
    writes: (value) => [{ name, value: typeof value === 'string' ? withSealer(sealer).seal(value, purpose) : null, type: 'text' }],
  }
}

function withSealer(sealer: Sealer | undefined): Sealer {
  if (!sealer) throw new Error('Encrypted fields cannot be read or written here: there is no key.')
  return sealer
}
