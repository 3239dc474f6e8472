import type { Action } from './rights.ts'
import type { Json } from './json.ts'

export const fieldKinds = [
  'string', 'text', 'richText', 'integer', 'decimal', 'money', 'boolean', 'date', 'datetime', 'zonedDatetime', 'timeRange', 'duration', 'enum', 'json',
  'reference', 'manyToMany', 'user', 'company', 'department', 'file', 'geoPoint', 'sequence', 'encrypted',
] as const
export type FieldKind = (typeof fieldKinds)[number]

/** Weight of a field in the search of `q`: matches in `A` count most, in `D` least. */
export type SearchWeight = 'A' | 'B' | 'C' | 'D'

/** What happens to a record when the one it refers to is deleted. `restrict` refuses the deletion. */
export type OnDelete = 'restrict' | 'setNull' | 'cascade'

/** An amount in the smallest unit of its currency: `{ minor: 1250, currency: 'EUR' }` is 12.50 euro. */
export type Money = {
  /** Whole, between -2^53+1 and 2^53-1. */
  minor: number
  /** ISO 4217, such as `XAF`. */
  currency: string
}

/** From an instant up to, not including, another; `to: null` has no end. RFC 3339, answered in UTC. */
export type TimeRange = {
  from: string
  to: string | null
}

/** WGS 84, decimal degrees: latitude -90 to 90, longitude -180 to 180. */
export type GeoPoint = {
  lat: number
  lng: number
}

/** What a field declares, as it stands in `plugin.json`. */
export interface FieldDeclaration {
  kind: FieldKind
  /** A value must be given and may not be null. Default false. */
  required?: boolean
  /** Taken when none is given at creation. */
  default?: Json
  /** No two records of a tenant share the value. Default false. */
  unique?: boolean
  /** Filters and sorts on this field are fast. Default false. */
  index?: boolean
  /** `integer`, `duration`, `money` (minor units): smallest and largest value. */
  min?: number
  max?: number
  /** `string`, `text`, `richText`, `encrypted`: longest value in characters. Defaults 255, 20,000, 100,000 and 1,000. */
  maxLength?: number
  /** `string`: ECMA-262 regular expression the whole value must match. */
  pattern?: string
  /** `decimal`: digits in all and after the point. Defaults 18 and 6. */
  precision?: number
  scale?: number
  /** `enum`: the values, in display order. */
  values?: readonly string[]
  /** `money`: the currencies that may be used, ISO 4217. Default: all. */
  currencies?: readonly string[]
  /** `json`: JSON Schema 2020-12 of the value. Keywords of the applicator, validation and meta-data vocabularies; no `$ref`, no `pattern`. */
  schema?: { readonly [keyword: string]: Json }
  /** `reference` and `manyToMany`: `incident`, or `hse-reports/incident` for an entity of a plugin it depends on. */
  entity?: string
  /** `reference`. Default `restrict`. */
  onDelete?: OnDelete
  /** `sequence`: `INC-{year}-{number:4}`; `{year}` starts the numbers again each year (UTC), `{number:4}` has at least four digits. */
  sequence?: string
  /** `sequence`: no number is ever left out; creations of the tenant then wait for one another. Default false. */
  gapless?: boolean
  /** SQL expression over columns of the same table that the database computes at each write, such as `hours * rate`. Never written by anybody. */
  computed?: string
  /** Takes part in the search of `q`. Default: not. Text kinds, `enum`, `sequence`. */
  search?: SearchWeight
  /** Keys in the plugin's locales. Defaults `field.<entity>.<field>` and `field.<entity>.<field>.help`. */
  label?: string
  help?: string
  /** Actions a user must be permitted to see or to write the field. Default: whoever sees or writes the record. */
  read?: Action
  write?: Action
  /** Says something about a person (GDPR art. 4): marked `x-personal-data` in the OpenAPI document, for whoever has to answer where such data is. Default false. */
  personal?: boolean
}

/** A declared field carrying the type of its value, whether it is required, and whether it has a default. */
export interface Field<T = unknown, Required extends boolean = boolean, Defaulted extends boolean = boolean, Computed extends boolean = boolean> extends FieldDeclaration {
  /** Never present at run time. */
  readonly types?: { value: T; required: Required; defaulted: Defaulted; computed: Computed }
}

interface Options<T> {
  required?: boolean
  default?: T
  unique?: boolean
  index?: boolean
  label?: string
  help?: string
  read?: Action
  write?: Action
  personal?: boolean
}
type IsTrue<O, K extends string> = O extends { [P in K]: true } ? true : false
type Has<O, K extends string> = O extends { [P in K]: NonNullable<Json> } ? true : false
type FieldFor<T, O> = Field<T, IsTrue<O, 'required'>, Has<O, 'default'>, false>

interface Searched { search?: SearchWeight }
interface TextOptions extends Options<string>, Searched { maxLength?: number; pattern?: string }
interface LongTextOptions extends Omit<Options<string>, 'unique' | 'index'>, Searched { maxLength?: number }
interface IntegerOptions extends Options<number> { min?: number; max?: number }
interface DecimalOptions extends Options<string> { precision?: number; scale?: number }
interface MoneyOptions extends Options<Money> { min?: number; max?: number; currencies?: readonly string[] }
interface JsonOptions extends Omit<Options<Json>, 'unique' | 'index'> { schema?: { readonly [keyword: string]: Json } }
interface ReferenceOptions extends Options<string> { onDelete?: OnDelete }
interface SequenceOptions extends Pick<Options<never>, 'label' | 'help' | 'read'>, Searched { gapless?: boolean }
interface EncryptedOptions extends Omit<Options<string>, 'unique' | 'index' | 'default'> { maxLength?: number }
interface ComputedOptions extends Pick<Options<never>, 'index' | 'label' | 'help' | 'read' | 'personal'>, Searched { precision?: number; scale?: number; maxLength?: number }

/** What the database can compute, and the type of its value. */
interface ComputedKinds { string: string; text: string; integer: number; decimal: string; boolean: boolean; date: string; datetime: string; duration: number }

/** Declares the fields of an entity or the parameters of a route. */
export const field = {
  /** One line of text, up to 255 characters. */
  string: <const O extends TextOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'string', ...options }),
  /** Text of several lines, up to 20,000 characters. */
  text: <const O extends TextOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'text', ...options }),
  /** CommonMark, up to 100,000 characters; raw HTML in it is shown as text. */
  richText: <const O extends LongTextOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'richText', ...options }),
  /** A whole number between -2^53+1 and 2^53-1. */
  integer: <const O extends IntegerOptions = {}>(options?: O): FieldFor<number, O> => ({ kind: 'integer', ...options }),
  /** An exact decimal, carried as a string such as `"12.50"`. */
  decimal: <const O extends DecimalOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'decimal', ...options }),
  /** Filters, sorts, sums and indexes go by the minor units; `where[price.currency]` filters the currency. */
  money: <const O extends MoneyOptions = {}>(options?: O): FieldFor<Money, O> => ({ kind: 'money', ...options }),
  boolean: <const O extends Options<boolean> = {}>(options?: O): FieldFor<boolean, O> => ({ kind: 'boolean', ...options }),
  /** A calendar day, `YYYY-MM-DD`. */
  date: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'date', ...options }),
  /** An instant, RFC 3339; always answered in UTC with milliseconds. */
  datetime: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'datetime', ...options }),
  /** An instant and the IANA time zone it was meant in, RFC 9557: `2026-03-01T09:30:00.000+01:00[Africa/Libreville]`. Compared by the instant. */
  zonedDatetime: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'zonedDatetime', ...options }),
  /** From an instant up to another. */
  timeRange: <const O extends Omit<Options<TimeRange>, 'unique'> = {}>(options?: O): FieldFor<TimeRange, O> => ({ kind: 'timeRange', ...options }),
  /** Whole seconds. */
  duration: <const O extends IntegerOptions = {}>(options?: O): FieldFor<number, O> => ({ kind: 'duration', ...options }),
  /** One of a closed list. */
  enum: <const V extends readonly [string, ...string[]], const O extends Options<V[number]> & Searched = {}>(values: V, options?: O): FieldFor<V[number], O> => ({ kind: 'enum', values, ...options }),
  /** Any JSON value up to 64 KiB, or one that fits `schema`. */
  json: <const O extends JsonOptions = {}>(options?: O): FieldFor<Json, O> => ({ kind: 'json', ...options }),
  /** The id of a record of the same plugin (`incident`) or of one it depends on (`hse-reports/incident`). */
  reference: <const O extends ReferenceOptions = {}>(entity: string, options?: O): FieldFor<string, O> => ({ kind: 'reference', entity, ...options }),
  /** Ids of up to 200 records, in order, none twice. A link goes when either of its records does. */
  manyToMany: <const O extends Pick<Options<readonly string[]>, 'label' | 'help' | 'read' | 'write' | 'personal'> = {}>(entity: string, options?: O): Field<readonly string[], true, true, false> => ({ kind: 'manyToMany', entity, ...options }),
  /** The id of a user of the tenant. */
  user: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'user', ...options }),
  /** The id of a company of the tenant. */
  company: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'company', ...options }),
  /** The id of a department of the tenant. */
  department: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'department', ...options }),
  /** The id of an uploaded file. */
  file: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'file', ...options }),
  geoPoint: <const O extends Omit<Options<GeoPoint>, 'unique'> = {}>(options?: O): FieldFor<GeoPoint, O> => ({ kind: 'geoPoint', ...options }),
  /** A number given at creation, as text: `field.sequence('INC-{year}-{number:4}')`. Never written afterwards. */
  sequence: <const O extends SequenceOptions = {}>(pattern: string, options?: O): Field<string, true, true, true> => ({ kind: 'sequence', sequence: pattern, ...options }),
  /** Computed by the database at each write from columns of the same table: `field.computed('integer', 'hours * people')`. */
  computed: <const K extends keyof ComputedKinds, const O extends ComputedOptions = {}>(kind: K, sql: string, options?: O): Field<ComputedKinds[K], false, false, true> => ({ kind, computed: sql, ...options }),
  /** Text that is stored encrypted (AES-256-GCM). It cannot be filtered, sorted, searched or unique. */
  encrypted: <const O extends EncryptedOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'encrypted', ...options }),
}

export type Fields = Record<string, Field>
export type ValueOf<F> = F extends Field<infer T, boolean, boolean, boolean> ? T : never
export type IsRequired<F> = F extends Field<unknown, infer R, boolean, boolean> ? R : false
export type IsDefaulted<F> = F extends Field<unknown, boolean, infer D, boolean> ? D : false
type IsComputed<F> = F extends Field<unknown, boolean, boolean, infer C> ? C : false

/** Names of the fields that can be written. */
export type Writable<F extends Fields> = { [K in keyof F]: IsComputed<F[K]> extends true ? never : K }[keyof F]
/** The object a set of fields takes: required ones must be there, those with a default may be left out. */
export type ValuesOf<F extends Fields> = { [K in MustGive<F>]: ValueOf<F[K]> } & { [K in Exclude<Writable<F>, MustGive<F>>]?: ValueOf<F[K]> | null }
export type MustGive<F extends Fields> = { [K in keyof F]: IsRequired<F[K]> extends true ? (IsDefaulted<F[K]> extends true ? never : K) : never }[keyof F]
