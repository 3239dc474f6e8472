import type { CapabilityName, Http, Secrets, Users } from './capabilities.ts'
import type { Entity, FieldsOf, InputOf, RecordOf } from './entity.ts'
import type { Fields, ValuesOf } from './fields.ts'
import type { Json } from './json.ts'
import type { PluginLimits } from './limits.ts'
import type { Repository } from './query.ts'
import type { Action, Scope } from './rights.ts'

export interface CapabilityRequest {
  name: CapabilityName
  /** Why the plugin needs it, in English, shown to the admin who grants it. Locales may override it as `capability.<name>`. */
  reason: string
  /** Default true: without it the plugin cannot be installed. */
  required?: boolean
  /** `http.fetch` only: the hosts (`hostPattern`) it wants to reach. None: those that the admin names. */
  hosts?: readonly string[]
}

/** An API key or password that an admin of each organisation sets and nobody can read again. */
export interface SecretDeclaration {
  /** camelCase: `{{secret.<name>}}` in headers. */
  name: string
  /** What it is and where to get one, in English, shown to the admin. Locales may override it as `secret.<name>`. */
  reason: string
  /** Default true: the module page asks for it until it is set. */
  required?: boolean
  /** The hosts it may be sent to. Default: every granted one. */
  hosts?: readonly string[]
}

export interface MenuDeclaration {
  id: string
  /** Key in the plugin's locales. */
  label: string
  /** A Lucide icon name such as `shield-alert`. */
  icon: string
  /** Path of one of the plugin's pages, such as `/incidents`. */
  page: string
  /** Action a user must be permitted to see it. Default `view`. */
  action?: Action
  order?: number
}

export interface PermissionDeclaration {
  action: Action
  scope: Scope
  /** System roles that get it at install. `admin` has every permission. */
  roles?: readonly ('user' | 'guest')[]
}

export const hookEvents = ['beforeCreate', 'beforeUpdate', 'beforeDelete', 'beforeTransition', 'afterCreate', 'afterUpdate', 'afterDelete', 'afterTransition'] as const
/** Events of one field: `beforeChange.riskLevel`, `afterChange.riskLevel`. */
export const fieldEvents = ['beforeChange', 'afterChange'] as const
/**
 * What can be hooked. `before…` runs in the transaction of the change and may change or refuse it. `after…` runs once the change is
 * committed, at least once, in the order of the changes of one record; it may be called twice for one event (`event.id` tells).
 */
export type HookEvent<FieldName extends string = string> = (typeof hookEvents)[number] | `${(typeof fieldEvents)[number]}.${FieldName}`

export interface RouteDeclaration<Q extends Fields = Fields, B extends Fields = Fields, R = unknown> {
  method: 'GET' | 'POST'
  /** Below `/api/<plugin>`, such as `/rates`. Lower-case words and hyphens. */
  path: `/${string}`
  /** Action a user must be permitted. Default `view` for GET, `edit` for POST. */
  action?: Action
  query?: Q
  body?: B
  /** `answers<T>()`: the type of the answer. */
  response?: { readonly type?: R }
}
/** Says what a route answers: `response: answers<{ total: number }>()`. */
export const answers = <R>(): { readonly type?: R } => ({})

export function route<const Q extends Fields = {}, const B extends Fields = {}, R = unknown>(declaration: RouteDeclaration<Q, B, R>): RouteDeclaration<Q, B, R> {
  return declaration
}

export type Entities = Record<string, Entity>
type OwnHooks<E extends Entities> = { readonly [K in keyof E]?: readonly HookEvent<keyof FieldsOf<E[K]> & string>[] }
/** Events of another plugin's entity, `'hse-reports/incident'`, which must allow it (`hookable`) and be a dependency. */
type ForeignHooks = { readonly [K in `${string}/${string}`]?: readonly HookEvent[] }
export type Hooks<E extends Entities> = OwnHooks<E> & ForeignHooks
export type Routes = Record<string, RouteDeclaration>

export interface PluginDeclaration<E extends Entities = Entities, H extends Hooks<E> = Hooks<E>, R extends Routes = Routes> {
  /** Lower-case words joined by hyphens, 3 to 40 characters, beginning with the publisher's prefix. */
  id: string
  publisher: string
  /** English; locales override it as `module.name` and `module.summary`. */
  name: string
  summary: string
  icon: string
  category: string
  /** The SDK versions it runs on, as a semver range. */
  sdk: string
  capabilities?: readonly CapabilityRequest[]
  secrets?: readonly SecretDeclaration[]
  /** Where the defaults do not fit; never more than the platform's ceilings. */
  limits?: Partial<PluginLimits>
  /** Other plugins it needs, as semver ranges by id. */
  dependencies?: Record<string, string>
  entities: E
  permissions: readonly PermissionDeclaration[]
  menus?: readonly MenuDeclaration[]
  hooks?: H
  /** Plugins whose hooks on the same event run before, or after, those of this one. Without a word: the entity's own plugin first, then by id. */
  hookOrder?: { after?: readonly string[]; before?: readonly string[] }
  routes?: R
}

export interface Log {
  info(message: string): void
  warn(message: string): void
}

/** What a handler reaches, for the length of one call. */
export interface Context<E extends Entities = Entities> {
  readonly db: { readonly [K in keyof E]: Repository<E[K]> }
  readonly user: { readonly id: string; readonly locale: string }
  readonly tenant: { readonly id: string }
  /** The host's clock at the start of the call, RFC 3339 UTC. */
  readonly now: string
  readonly log: Log
  /** Capability `users.read`. */
  readonly users: Users
  /** Capability `http.fetch`. */
  readonly http: Http
  /** Capability `secrets.read`. */
  readonly secrets: Secrets
  /** Whether the capability is granted now, so that a plugin can do without. */
  can(capability: CapabilityName): boolean
}

type Loose<T> = { [K in keyof T]?: T[K] | null }
type Answer<T> = T | Promise<T>

/** A change that is committed. */
export interface ChangeEvent<R> {
  /** The same for every delivery of one event. */
  id: string
  at: string
  /** Who made the change; the hook runs with this user's rights. */
  userId: string
  /** As it was right after the change; of a deletion, right before. Values of `encrypted` fields read `[encrypted]`. */
  record: R
}
/** By field: before and after. */
export type FieldChanges<R> = { [K in keyof R]?: { from: R[K] | null; to: R[K] | null } }

/** What each kind of hook gets and may answer. Throw `refuse(…)` in a `before…` hook to refuse. */
export interface HookHandlers<E, Ctx, R = RecordOf<E>, I = InputOf<E>> {
  /** Runs before validation; answers the input to go on with. */
  beforeCreate(input: Loose<I>, context: Ctx): Answer<Loose<I>>
  /** Answers the changes to go on with. */
  beforeUpdate(change: { record: R; changes: Loose<I> }, context: Ctx): Answer<Loose<I>>
  beforeDelete(record: R, context: Ctx): Answer<void>
  beforeTransition(step: { record: R; transition: string; to: string }, context: Ctx): Answer<void>
  afterCreate(event: ChangeEvent<R>, context: Ctx): Answer<void>
  afterUpdate(event: ChangeEvent<R> & { changes: FieldChanges<R> }, context: Ctx): Answer<void>
  /** `purged`: it is gone for good, not in the bin. */
  afterDelete(event: ChangeEvent<R> & { purged: boolean }, context: Ctx): Answer<void>
  afterTransition(event: ChangeEvent<R> & { transition: string; from: string; to: string }, context: Ctx): Answer<void>
}
/** One field given another value, at creation too (then `from` is null). Before: after `beforeCreate` and `beforeUpdate`; answers further changes, or nothing. */
export interface FieldHookHandlers<E, Ctx, K extends keyof R, R = RecordOf<E>, I = InputOf<E>> {
  beforeChange(change: { record: R | undefined; from: R[K] | null; to: R[K] | null; changes: Loose<I> }, context: Ctx): Answer<Loose<I> | void>
  afterChange(event: ChangeEvent<R> & { from: R[K] | null; to: R[K] | null }, context: Ctx): Answer<void>
}

type AnyRecord = { [field: string]: Json }
type HandlerOf<E, Ctx, Event> =
  Event extends keyof HookHandlers<E, Ctx> ? HookHandlers<E, Ctx>[Event]
    : Event extends `${infer Kind extends 'beforeChange' | 'afterChange'}.${infer K}` ? (K extends keyof RecordOf<E> ? FieldHookHandlers<E, Ctx, K>[Kind] : never)
      : never
type ForeignHandlerOf<Ctx, Event> =
  Event extends keyof HookHandlers<unknown, Ctx> ? HookHandlers<unknown, Ctx, AnyRecord, AnyRecord>[Event]
    : Event extends `${infer Kind extends 'beforeChange' | 'afterChange'}.${string}` ? FieldHookHandlers<unknown, Ctx, string, AnyRecord, AnyRecord>[Kind]
      : never

type QueryOf<D> = D extends RouteDeclaration<infer Q, Fields, unknown> ? ValuesOf<Q> : never
type BodyOf<D> = D extends RouteDeclaration<Fields, infer B, unknown> ? ValuesOf<B> : never
export type ResponseOf<D> = D extends { response?: { readonly type?: infer R } } ? R : unknown
export interface RouteInput<D> { query: QueryOf<D>; body: BodyOf<D> }

type EventsOf<L> = L extends readonly (infer N extends string)[] ? N : never

export type ServerHandlers<E extends Entities, H extends Hooks<E>, R extends Routes> =
  & ({} extends H ? { hooks?: {} } : { hooks: { [K in keyof H]: { [Event in EventsOf<H[K]>]: K extends keyof E ? HandlerOf<E[K], Context<E>, Event> : ForeignHandlerOf<Context<E>, Event> } } })
  & ({} extends R ? { routes?: {} } : { routes: { [K in keyof R]: (input: RouteInput<R[K]>, context: Context<E>) => ResponseOf<R[K]> | Promise<ResponseOf<R[K]>> } })

/** A plugin's declarations, and `server(…)` to give the handlers they ask for. */
export interface Plugin<E extends Entities = Entities, H extends Hooks<E> = Hooks<E>, R extends Routes = Routes> {
  readonly declaration: PluginDeclaration<E, H, R>
  /** The default export of `server/index.ts`: exactly the hooks and routes declared. */
  server(handlers: ServerHandlers<E, H, R>): ServerHandlers<E, H, R>
}

/** Names beside these cannot have a value. */
type NoOthers<T, Names extends string> = { [K in keyof T]: K extends Names ? T[K] : never }

/** The default export of `plugin.ts`. Evaluated at build time only. */
export function definePlugin<const E extends Entities, const H extends Hooks<E> = {}, const R extends Routes = {}>(
  declaration: PluginDeclaration<E, H, R> & { hooks?: NoOthers<H, (keyof E & string) | `${string}/${string}`> },
): Plugin<E, H, R> {
  return { declaration, server: (handlers) => handlers }
}

export type EntitiesOf<P> = P extends Plugin<infer E, infer _H, infer _R> ? E : never
export type RoutesOf<P> = P extends Plugin<infer _E, infer _H, infer R> ? R : never

/** Refuses the change a hook was asked about, with a message for the user and, if known, the wrong field. */
export function refuse(message: string, fieldName?: string): Error {
  return Object.assign(new Error(message), { code: 'refused-by-module', field: fieldName })
}
