import type { SandboxLimits } from './limits.ts'
import type { frameKind } from './wire.ts'

/** From the isolate to the child's outbox. `name` is that of a host call. */
export type GuestSend = (kind: number, call: number, hostCall: number, name: string, text: string) => void
/** Into the isolate: a call, the answer to a host call, other limits, or (kind `load`) the module's namespace to adopt. Answers the handlers as JSON text for `load`. */
export type GuestEnter = (kind: number, call: number, hostCall: number, text: string, namespace?: GuestNamespace) => string | undefined
export interface GuestNamespace { default: unknown }
export type GuestLimits = Pick<SandboxLimits, 'hostCallsPerCall' | 'logLinesPerCall' | 'logBytesPerCall' | 'messageBytes'>
export interface GuestSettings {
  kinds: typeof frameKind
  entities: readonly string[]
  limits: GuestLimits
}

/**
 * The plugin's side of the bridge; runs inside the isolate, before the plugin's module. Sent as text: it refers to nothing
 * outside itself. The plugin shares its realm and may replace every built-in after it, so all that is used later is copied
 * first, objects made here have no prototype, and nothing but `context` is ever handed out. Strict code: call sites of
 * Error.prepareStackTrace show no functions of it.
 */
export function guestRuntime(send: GuestSend, settingsText: string): GuestEnter {
  'use strict'
  const { apply, defineProperty } = Reflect
  const { parse, stringify } = JSON
  const { create, freeze, keys, setPrototypeOf } = Object
  const { isArray } = Array
  const NativePromise = Promise
  const NativeError = Error
  const promiseThen = NativePromise.prototype.then
  const stringSlice = String.prototype.slice
  const charCodeAt = String.prototype.charCodeAt
  const toText = String
  const origins = new WeakMap<object, number>()
  const originOf = origins.get
  const rememberOrigin = origins.set
  const { kinds, entities, limits: firstLimits }: GuestSettings = parse(settingsText)
  let limits = firstLimits

  interface Waiting { resolve(value: unknown): void; reject(error: unknown): void; nullIsAbsent: boolean }
  interface Call { id: number; limits: GuestLimits; hostCalls: number; logLines: number; logBytes: number; open: boolean; waiting: Record<number, Waiting> }
  interface Handler { owner: unknown; run(input: unknown, context: unknown): unknown }
  const calls: Record<number, Call> = create(null)
  const handlers: Record<string, Handler> = create(null)

  /** A descriptor that a polluted Object.prototype cannot complete. */
  function plain(value: unknown): PropertyDescriptor {
    const descriptor: PropertyDescriptor = create(null)
    descriptor.value = value
    descriptor.enumerable = true
    descriptor.configurable = true
    descriptor.writable = true
    return descriptor
  }

  function makeError(code: string, message: string, origin = 0): Error {
    const error = new NativeError(message)
    defineProperty(error, 'code', plain(code))
    if (origin > 0) apply(rememberOrigin, origins, [error, origin])
    return error
  }

  function close(call: Call): void {
    // Answers still on their way find no call: no code of an ended call runs again on their account.
    call.open = false
    delete calls[call.id]
  }

  function succeed(call: Call, value: unknown): void {
    if (!call.open) return
    let text: unknown
    try {
      text = stringify(value)
    } catch (error) {
      fail(call, error)
      return
    }
    if (typeof text !== 'string') text = 'null'
    const given = text as string
    if (given.length > call.limits.messageBytes) {
      fail(call, makeError('plugin-failed', `The answer is larger than ${call.limits.messageBytes} bytes.`))
      return
    }
    close(call)
    send(kinds.result, call.id, 0, '', given)
  }

  function fail(call: Call, error: unknown): void {
    if (!call.open) return
    let code = 'plugin-failed'
    let message = 'It threw something that is not an error.'
    let field: string | undefined
    let hostCall = 0
    try {
      if (typeof error === 'string') message = apply(stringSlice, error, [0, 500])
      else if (typeof error === 'object' && error !== null) {
        hostCall = apply(originOf, origins, [error]) ?? 0
        const given = error as { code?: unknown; message?: unknown; field?: unknown }
        const givenCode = given.code
        const givenMessage = given.message
        const givenField = given.field
        if (typeof givenMessage === 'string') message = apply(stringSlice, givenMessage, [0, 500])
        if (givenCode === 'refused-by-module') {
          code = givenCode
          if (typeof givenField === 'string') field = apply(stringSlice, givenField, [0, 100])
        }
      }
    } catch {
      message = 'It threw something that cannot be read.'
    }
    close(call)
    send(kinds.failed, call.id, 0, '', stringify({ __proto__: null, code, message, field, hostCall }))
  }

  function refused(error: unknown): Promise<never> {
    return new NativePromise<never>((_, reject) => reject(error))
  }

  function callHost(call: Call, name: string, args: object, nullIsAbsent = false): Promise<unknown> {
    if (!call.open) return refused(makeError('plugin-failed', `${name} was called after its call had ended.`))
    let text: string
    try {
      text = stringify(args)
    } catch (error) {
      return refused(error)
    }
    // Counted after: a toJSON among the arguments may have made host calls of its own.
    const { hostCallsPerCall, messageBytes } = call.limits
    if (call.hostCalls >= hostCallsPerCall) return refused(makeError('plugin-failed', `More than ${hostCallsPerCall} host calls in one call.`))
    if (text.length > messageBytes) return refused(makeError('payload-too-large', `The arguments of ${name} are larger than ${messageBytes} bytes.`))
    const id = ++call.hostCalls
    return new NativePromise((resolve, reject) => {
      call.waiting[id] = { __proto__: null, resolve, reject, nullIsAbsent } as Waiting
      send(kinds.hostCall, call.id, id, name, text)
    })
  }

  function writeLog(call: Call, level: string, given: unknown): void {
    const { logLinesPerCall, logBytesPerCall } = call.limits
    if (!call.open || call.logLines > logLinesPerCall) return
    let message: string = apply(stringSlice, toText(given), [0, 2000])
    // Once more: a toString may have written lines of its own.
    if (call.logLines > logLinesPerCall) return
    call.logLines += 1
    call.logBytes += bytesOf(message)
    if (call.logLines > logLinesPerCall || call.logBytes > logBytesPerCall) {
      call.logLines = logLinesPerCall + 1
      message = 'The other log lines of this call were left out.'
    }
    send(kinds.hostCall, call.id, 0, 'log.write', stringify({ __proto__: null, level, message }))
  }

  /** In UTF-8, as the host will count them: half a pair is written as three. */
  function bytesOf(text: string): number {
    let bytes = 0
    let before = 0
    for (let index = 0; index < text.length; index++) {
      const code: number = apply(charCodeAt, text, [index])
      const isPair = code >= 0xdc00 && code < 0xe000 && before >= 0xd800 && before < 0xdc00
      bytes += code < 0x80 || isPair ? 1 : code < 0x800 ? 2 : 3
      before = code
    }
    return bytes
  }

  function repository(call: Call, entity: string): object {
    const args = (rest: object): object => ({ __proto__: null, entity, ...rest })
    return freeze({
      __proto__: null,
      find: (query?: unknown) => callHost(call, 'db.find', args({ query })),
      findOne: (id: unknown) => callHost(call, 'db.findOne', args({ id }), true),
      count: (where?: unknown) => callHost(call, 'db.count', args({ where })),
      aggregate: (aggregate: unknown) => callHost(call, 'db.aggregate', args({ aggregate })),
      create: (input: unknown) => callHost(call, 'db.create', args({ input })),
      update: (id: unknown, changes: unknown) => callHost(call, 'db.update', args({ id, changes })),
      delete: (id: unknown) => callHost(call, 'db.delete', args({ id }), true),
      transition: (id: unknown, name: unknown) => callHost(call, 'db.transition', args({ id, name })),
    })
  }

  interface Request { site: string; input: unknown; info: { user: { id: string; locale: string }; tenant: { id: string }; now: string; granted: string[] } }
  function contextOf(call: Call, { user, tenant, now, granted }: Request['info']): object {
    const db: Record<string, object> = create(null)
    for (let index = 0; index < entities.length; index++) {
      const entity = entities[index] ?? ''
      db[entity] = repository(call, entity)
    }
    return freeze({
      __proto__: null,
      db: freeze(db),
      user: freeze({ __proto__: null, id: user.id, locale: user.locale }),
      tenant: freeze({ __proto__: null, id: tenant.id }),
      now,
      log: freeze({ __proto__: null, info: (message: unknown) => writeLog(call, 'info', message), warn: (message: unknown) => writeLog(call, 'warn', message) }),
      users: freeze({ __proto__: null, names: (ids: unknown) => callHost(call, 'users.names', { __proto__: null, ids }) }),
      http: freeze({ __proto__: null, fetch: (url: unknown, request?: unknown) => callHost(call, 'http.fetch', { __proto__: null, url, request }) }),
      secrets: freeze({ __proto__: null, get: (name: unknown) => callHost(call, 'secrets.get', { __proto__: null, name }) }),
      can: (capability: unknown) => {
        for (let index = 0; index < granted.length; index++) if (granted[index] === capability) return true
        return false
      },
    })
  }

  function begin(id: number, text: string): void {
    const { site, input, info }: Request = parse(text)
    const call = { __proto__: null, id, limits, hostCalls: 0, logLines: 0, logBytes: 0, open: true, waiting: create(null) } as Call
    calls[id] = call
    const handler = handlers[site]
    if (!handler) {
      fail(call, makeError('plugin-failed', 'The module has no handler for it.'))
      return
    }
    try {
      const value = apply(handler.run, handler.owner, [input, contextOf(call, info)])
      const settled = new NativePromise((resolve) => resolve(value))
      // Without this, Promise.prototype.constructor[Symbol.species], the plugin's to replace, would make the next promise.
      defineProperty(settled, 'constructor', plain(undefined))
      apply(promiseThen, settled, [(result: unknown) => succeed(call, result), (error: unknown) => fail(call, error)])
    } catch (error) {
      fail(call, error)
    }
  }

  function answer(succeeded: boolean, id: number, hostCall: number, text: string): void {
    const call = calls[id]
    const waiting = call?.waiting[hostCall]
    if (!call || !waiting) return
    delete call.waiting[hostCall]
    const value: unknown = parse(text)
    if (succeeded) {
      waiting.resolve(value === null && waiting.nullIsAbsent ? undefined : value)
      return
    }
    const { code, message } = value as { code: string; message: string }
    waiting.reject(makeError(code, message, hostCall))
  }

  function adopt(namespace: GuestNamespace): string {
    const exported = namespace.default
    if (typeof exported !== 'object' || exported === null || isArray(exported)) throw new NativeError('its default export is not an object of handlers')
    const { hooks = {}, routes = {}, jobs = {} } = exported as { hooks?: Record<string, Record<string, unknown>>; routes?: Record<string, unknown>; jobs?: Record<string, unknown> }
    const found = { __proto__: null, hooks: create(null), routes: namesOf(routes), jobs: namesOf(jobs) }
    const entityNames = namesOf(hooks)
    for (let index = 0; index < entityNames.length; index++) {
      const entity = entityNames[index] ?? ''
      const owner = hooks[entity] ?? {}
      found.hooks[entity] = namesOf(owner)
      register(`hook:${entity}.`, owner)
    }
    register('route:', routes)
    register('job:', jobs)
    return stringify(found)
  }

  /** An array without a prototype, so that no toJSON given to all arrays speaks for it. */
  function namesOf(owner: object): string[] {
    const names = keys(owner)
    setPrototypeOf(names, null)
    return names
  }

  function register(prefix: string, owner: Record<string, unknown>): void {
    const names = namesOf(owner)
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? ''
      const run = owner[name]
      if (typeof run !== 'function') throw new NativeError(`${prefix}${name} is not a function`)
      handlers[prefix + name] = { __proto__: null, owner, run } as unknown as Handler
    }
  }

  return (kind, call, hostCall, text, namespace) => {
    if (kind === kinds.load && namespace) return adopt(namespace)
    if (kind === kinds.call) begin(call, text)
    else if (kind === kinds.limits) limits = parse(text)
    else answer(kind === kinds.answer, call, hostCall, text)
    return undefined
  }
}
