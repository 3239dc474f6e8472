import type { FieldDeclaration, Fields, IsRequired, ValueOf, ValuesOf } from './fields.ts'

/** A named step between two states; the API offers it as `POST …/:id/transitions/:name`. */
export interface TransitionDeclaration<State extends string = string> {
  from: State | readonly State[]
  to: State
  /** Action a user must be permitted. Default `edit`. */
  action?: Action
}

export interface StatesDeclaration<State extends string = string, Transition extends string = string> {
  initial: State
  /** Every state, in the order of the life of a record. */
  values: readonly State[]
  transitions: Record<Transition, TransitionDeclaration<State>>
}

/** What users may be permitted to do: the middle of `<app>.<action>.<scope>`. */
export type Action = 'view' | 'create' | 'edit' | 'delete' | 'manage' | 'approve' | 'export'
export type Scope = 'all' | 'company' | 'department' | 'own'

/** An entity as it stands in `plugin.json`. */
export interface EntityDeclaration {
  name: string
  fields: Record<string, FieldDeclaration>
  states?: StatesDeclaration
  /** The field that names a record to people. */
  display?: string
  /** Fields searched by `q`. */
  search?: string[]
}

export interface Entity<Name extends string = string, F extends Fields = Fields, S extends string = string, T extends string = string> {
  name: Name
  fields: F
  states?: StatesDeclaration<S, T>
  display?: string
  search?: string[]
}

/**
 * Declares a business object. The host makes its table, its REST resource
 * `/api/<plugin>/<name>`, its validation and its permission checks from it.
 * Names are camelCase and singular; columns are the snake_case of the field names.
 */
export function defineEntity<const Name extends string, F extends Fields, const S extends string = never, const T extends string = never>(
  name: Name,
  declaration: { fields: F; states?: DeclaredStates<S, T>; display?: keyof F & string; search?: (keyof F & string)[] },
): Entity<Name, F, S, T> {
  return { name, ...declaration } as Entity<Name, F, S, T>
}

/** Only `values` says what states there are, so that a slip elsewhere does not declare another one. */
interface DeclaredStates<S extends string, T extends string> extends StatesDeclaration<NoInfer<S>, T> {
  values: readonly S[]
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
}

type StateField<S extends string> = [S] extends [never] ? {} : { state: S }
export type FieldsOf<E> = E extends Entity<string, infer F, string> ? F : never
export type StateOf<E> = E extends Entity<string, Fields, infer S> ? S : never
export type TransitionOf<E> = E extends Entity<string, Fields, string, infer T> ? T : never

/** A record as it is read. Absent values are null. */
export type RecordOf<E> = E extends Entity<string, infer F, infer S>
  ? SystemFields & StateField<S> & { [K in keyof F]: IsRequired<F[K]> extends true ? ValueOf<F[K]> : ValueOf<F[K]> | null }
  : never

/** What a creation takes. */
export type InputOf<E> = E extends Entity<string, infer F, string> ? ValuesOf<F> : never

/** What an update takes: any of the fields. */
export type ChangesOf<E> = E extends Entity<string, infer F, string>
  ? { [K in keyof F]?: IsRequired<F[K]> extends true ? ValueOf<F[K]> : ValueOf<F[K]> | null }
  : never
