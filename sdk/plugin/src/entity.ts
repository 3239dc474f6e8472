import type { FieldDeclaration, Fields, IsRequired, ValueOf, ValuesOf, Writable } from './fields.ts'
import type { Json } from './json.ts'
import type { Action } from './rights.ts'

/** A named step between two states; the API offers it as `POST …/:id/transitions/:name`. */
export interface TransitionDeclaration<State extends string = string, FieldName extends string = string> {
  from: State | readonly State[]
  to: State
  /** Action a user must be permitted. Default `edit`. */
  action?: Action
  /** What the record must be for the step to be taken, as the `where` of a query: `{ resolution: { null: false } }`. */
  guard?: { readonly [K in FieldName]?: Json }
}

export interface StatesDeclaration<State extends string = string, Transition extends string = string, FieldName extends string = string> {
  initial: State
  /** Every state, in the order of the life of a record. */
  values: readonly State[]
  transitions: Record<Transition, TransitionDeclaration<State, FieldName>>
}

/** The fields that say whose a record is. A scope without a field grants nothing, but for `own`, which is `createdBy` by default. */
export interface ScopeFields<FieldName extends string = string> {
  /** A `user` field. */
  own?: FieldName | 'createdBy'
  /** A `company` field. */
  company?: FieldName
  /** A `department` field. */
  department?: FieldName
}

/** What a business object gets besides its fields. All can be switched off; `comments`, `attachments` and `versions` have to be switched on. */
export interface EntityFeatures {
  /** Every change is written down with its author, before and after, in the same transaction; `GET …/:id/history`. Default true. */
  audit: boolean
  /** `…/:id/comments`. Default false. */
  comments: boolean
  /** `…/:id/attachments`. Default false. */
  attachments: boolean
  /** `…/:id/versions`: every revision can be read again, compared and restored. Needs `audit`. Default false. */
  versions: boolean
  /** `q` looks words up in the fields that have a search weight. Default: whether any has. */
  search: boolean
  /** Deleting puts a record in the bin, from where it is restored or purged. Default true. */
  softDelete: boolean
  /** Administrators may add fields at run time, per tenant. Default true. */
  customFields: boolean
}
export type FeatureName = keyof EntityFeatures

/** An entity as it stands in `plugin.json`. */
export interface EntityDeclaration {
  name: string
  fields: Record<string, FieldDeclaration>
  states?: StatesDeclaration
  /** The field that names a record to people. */
  display?: string
  /** Releases built before weights existed: fields searched by `q`, word by word. */
  search?: string[]
  scopes?: ScopeFields
  /** Sets of fields no two records of a tenant share; single fields say `unique` themselves. */
  unique?: readonly (readonly string[])[]
  /** SQL conditions every row meets, by name; a row that does not is refused with the message `check.<entity>.<name>` of the locales. */
  checks?: Record<string, string>
  /** Absent in releases built before features existed: then none that takes a column of its own. */
  features?: EntityFeatures
  /** Whether other plugins may hook its events: all, or those named. Default none. */
  hookable?: boolean | readonly string[]
}

export interface Entity<Name extends string = string, F extends Fields = Fields, S extends string = string, T extends string = string> {
  name: Name
  fields: F
  states?: StatesDeclaration<S, T>
  display?: string
  search?: string[]
  scopes?: ScopeFields
  unique?: readonly (readonly string[])[]
  checks?: Record<string, string>
  features?: Partial<EntityFeatures>
  hookable?: boolean | readonly string[]
}

interface EntityOptions<F extends Fields, S extends string, T extends string> {
  fields: F
  states?: DeclaredStates<S, T, keyof F & string>
  display?: keyof F & string
  /** @deprecated since SDK 1.1: give the fields a `search` weight. Words are looked for in these fields one by one, without an index. */
  search?: (keyof F & string)[]
  scopes?: ScopeFields<keyof F & string>
  unique?: readonly (readonly (keyof F & string)[])[]
  checks?: Record<string, string>
  features?: Partial<EntityFeatures>
  hookable?: boolean | readonly string[]
}

/**
 * Declares a business object. The host makes its REST resource `/api/<plugin>/<name>`, its validation, permission checks, history,
 * live updates and bin from it; `opsflux migrate` its table. Names are camelCase and singular; columns are the snake_case of the field names.
 */
export function defineEntity<const Name extends string, F extends Fields, const S extends string = never, const T extends string = never>(
  name: Name,
  declaration: EntityOptions<F, S, T>,
): Entity<Name, F, S, T> {
  return { name, ...declaration } as Entity<Name, F, S, T>
}

/** Only `values` says what states there are, so that a slip elsewhere does not declare another one. */
interface DeclaredStates<S extends string, T extends string, FieldName extends string> extends StatesDeclaration<NoInfer<S>, T, NoInfer<FieldName>> {
  values: readonly S[]
}

/** The features of an entity with the defaults of those not said. */
export function featuresOf(entity: Pick<Entity, 'fields' | 'features'>): EntityFeatures {
  const isSearched = Object.values(entity.fields).some((field) => field.search !== undefined)
  return { audit: true, comments: false, attachments: false, versions: false, search: isSearched, softDelete: true, customFields: true, ...entity.features }
}

/** Set by the host on every record; never writable. */
export interface SystemFields {
  id: string
  /** Grows by one at every write; the ETag of the record. */
  revision: number
  createdAt: string
  createdBy: string
  updatedAt: string
  updatedBy: string
  /** When it was put in the bin; null otherwise. Absent without the feature `softDelete`. */
  deletedAt?: string | null
  deletedBy?: string | null
  /** Values of the fields that the tenant's administrators added, by name. Writable. Absent without the feature `customFields`. */
  custom?: { [name: string]: Json }
}

type StateField<S extends string> = [S] extends [never] ? {} : { state: S }
export type FieldsOf<E> = E extends Entity<string, infer F, string> ? F : never
export type StateOf<E> = E extends Entity<string, Fields, infer S> ? S : never
export type TransitionOf<E> = E extends Entity<string, Fields, string, infer T> ? T : never

/** A record as it is read. Absent values are null; fields the user may not see are left out. */
export type RecordOf<E> = E extends Entity<string, infer F, infer S>
  ? SystemFields & StateField<S> & { [K in keyof F]: IsRequired<F[K]> extends true ? ValueOf<F[K]> : ValueOf<F[K]> | null }
  : never

/** What a creation takes. */
export type InputOf<E> = E extends Entity<string, infer F, string> ? ValuesOf<F> & { custom?: { [name: string]: Json } } : never

/** What an update takes: any of the fields. */
export type ChangesOf<E> = E extends Entity<string, infer F, string>
  ? { [K in Writable<F>]?: IsRequired<F[K]> extends true ? ValueOf<F[K]> : ValueOf<F[K]> | null } & { custom?: { [name: string]: Json } }
  : never
