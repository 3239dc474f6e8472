import type { Json } from './json.ts'

export type FieldKind = 'string' | 'text' | 'integer' | 'decimal' | 'boolean' | 'date' | 'datetime' | 'enum' | 'json' | 'reference' | 'user'

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
  /** `integer`: smallest and largest value. */
  min?: number
  max?: number
  /** `string` and `text`: longest value in characters. Defaults 255 and 20,000. */
  maxLength?: number
  /** `string`: ECMA-262 regular expression the whole value must match. */
  pattern?: string
  /** `decimal`: digits in all and after the point. Defaults 18 and 6. */
  precision?: number
  scale?: number
  /** `enum`: the values, in display order. */
  values?: readonly string[]
  /** `reference`: the entity of the same plugin it points to. */
  entity?: string
}

/** A declared field carrying the type of its value, whether it is required, and whether it has a default. */
export interface Field<T = unknown, Required extends boolean = boolean, Defaulted extends boolean = boolean> extends FieldDeclaration {
  /** Never present at run time. */
  readonly types?: { value: T; required: Required; defaulted: Defaulted }
}

interface Options<T> {
  required?: boolean
  default?: T
  unique?: boolean
  index?: boolean
}
type IsTrue<O, K extends string> = O extends { [P in K]: true } ? true : false
type Has<O, K extends string> = O extends { [P in K]: NonNullable<Json> } ? true : false
type FieldFor<T, O> = Field<T, IsTrue<O, 'required'>, Has<O, 'default'>>

interface TextOptions extends Options<string> { maxLength?: number; pattern?: string }
interface IntegerOptions extends Options<number> { min?: number; max?: number }
interface DecimalOptions extends Options<string> { precision?: number; scale?: number }

/** Declares the fields of an entity or the parameters of a route. */
export const field = {
  /** One line of text, up to 255 characters. */
  string: <const O extends TextOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'string', ...options }),
  /** Text of several lines, up to 20,000 characters. */
  text: <const O extends TextOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'text', ...options }),
  /** A whole number between -2^53+1 and 2^53-1. */
  integer: <const O extends IntegerOptions = {}>(options?: O): FieldFor<number, O> => ({ kind: 'integer', ...options }),
  /** An exact decimal, carried as a string such as `"12.50"`. */
  decimal: <const O extends DecimalOptions = {}>(options?: O): FieldFor<string, O> => ({ kind: 'decimal', ...options }),
  boolean: <const O extends Options<boolean> = {}>(options?: O): FieldFor<boolean, O> => ({ kind: 'boolean', ...options }),
  /** A calendar day, `YYYY-MM-DD`. */
  date: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'date', ...options }),
  /** An instant, RFC 3339; always answered in UTC with milliseconds. */
  datetime: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'datetime', ...options }),
  /** One of a closed list. */
  enum: <const V extends readonly [string, ...string[]], const O extends Options<V[number]> = {}>(values: V, options?: O): FieldFor<V[number], O> => ({ kind: 'enum', values, ...options }),
  /** Any JSON value up to 64 KiB. */
  json: <const O extends Options<Json> = {}>(options?: O): FieldFor<Json, O> => ({ kind: 'json', ...options }),
  /** The id of a record of another entity of the same plugin; that record cannot be deleted while it is referred to. */
  reference: <const O extends Options<string> = {}>(entity: string, options?: O): FieldFor<string, O> => ({ kind: 'reference', entity, ...options }),
  /** The id of a user of the tenant. */
  user: <const O extends Options<string> = {}>(options?: O): FieldFor<string, O> => ({ kind: 'user', ...options }),
}

export type Fields = Record<string, Field>
export type ValueOf<F> = F extends Field<infer T, boolean, boolean> ? T : never
export type IsRequired<F> = F extends Field<unknown, infer R, boolean> ? R : false
export type IsDefaulted<F> = F extends Field<unknown, boolean, infer D> ? D : false

/** The object a set of fields takes: required ones must be there, those with a default may be left out. */
export type ValuesOf<F extends Fields> = { [K in MustGive<F>]: ValueOf<F[K]> } & { [K in Exclude<keyof F, MustGive<F>>]?: ValueOf<F[K]> | null }
export type MustGive<F extends Fields> = { [K in keyof F]: IsRequired<F[K]> extends true ? (IsDefaulted<F[K]> extends true ? never : K) : never }[keyof F]
