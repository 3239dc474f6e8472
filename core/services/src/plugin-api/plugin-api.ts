import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import { handleEntityRequest, type Actor, type EntityEngine, type EntityTransaction, type HookCaller } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { OpsFluxError, pluginIdPattern, type Json, type RouteEntry } from '@opsflux/sdk'
import type { Capabilities } from '../capabilities/index.ts'
import { permissionsOf, requireRight, signedIn } from '../identity/index.ts'
import type { PluginCallContext, PluginRelease } from '../modules/index.ts'
import { WaitBudget, type Outbound } from '../outbound/index.ts'
import { runLazily } from './lazy-transaction.ts'
import { readRouteInput } from './route-input.ts'
import { SharedTurnstile } from './shared-turnstile.ts'
import { Turnstile } from './turnstile.ts'

export interface PluginApiParts {
  host: PluginHost<PluginRelease>
  engine: EntityEngine
  capabilities: Capabilities
  outbound: Outbound
  isEnabled(pluginId: string, tenantId: string): Promise<boolean>
  log: Logger
}

/** Serves `/api/<plugin>/…`: the plugin's entities and its own routes, on whichever release is serving. */
export function pluginApi(parts: PluginApiParts): Middleware {
  return async (context, next) => {
    const [, api, pluginId = '', ...rest] = context.path.split('/')
    if (api !== 'api' || !pluginIdPattern.test(pluginId) || rest.length === 0) return next()
    const caller = signedIn(context)
    await parts.host.use(pluginId, async (release) => {
      // Of the release that answers: whoever waited while it was installed or updated was signed in under the one before.
      const permissions = permissionsOf(caller.role, [release.manifest])
      const actor: Actor = { tenantId: caller.tenantId, userId: caller.id, locale: caller.locale, permissions }
      if (!(await parts.isEnabled(pluginId, actor.tenantId))) throw new OpsFluxError('module-disabled', `${release.manifest.name} is switched off for your organisation.`)
      const route = release.manifest.routes.find((candidate) => candidate.path === `/${rest.join('/')}` && candidate.method === methodOf(context))
      const answer = () => (route ? answerRoute(parts, release, route, actor, context) : answerEntity(parts, release, actor, rest, context))
      const mayRunItsCode = release.sandbox && (route || methodOf(context) !== 'GET')
      const withConnection = () => connections.pass(pluginId, answer)
      if (!mayRunItsCode) await withConnection()
      // A route takes a connection when it first needs one, if ever; whatever else has one from the start.
      else await turnstileOf(release).pass(() => (route ? answer() : withConnection()))
    })
  }
}

const callsAtOnce = 5
const callsWaiting = 250
// Of the host's 20 connections to the database: those that plugins may hold, for as long as their code takes, or what their
// migrations have PostgreSQL work out at each read and write (generated columns, checks).
const connections = new SharedTurnstile({ places: 15, reserved: 5, maxWaitMs: 10_000 })
// In a hook the write it belongs to waits, with its rows and its connection: for other servers, all its requests together.
const hookWaitMs = 3_000
const turnstiles = new WeakMap<PluginRelease, Turnstile>()

/** Keeps a slow module from taking every place: others are served meanwhile. */
function turnstileOf(release: PluginRelease): Turnstile {
  const turnstile = turnstiles.get(release) ?? new Turnstile(callsAtOnce, callsWaiting)
  turnstiles.set(release, turnstile)
  return turnstile
}

async function answerEntity(parts: PluginApiParts, release: PluginRelease, actor: Actor, path: string[], context: Context): Promise<void> {
  const answer = await handleEntityRequest(parts.engine, release.entities, actor, hooksOf(parts, release, actor), {
    method: methodOf(context), path: path.map(decode), query: context.querystring, headers: { 'if-match': context.get('if-match') || undefined }, body: bodyOf(context),
  })
  context.status = answer.status
  context.set(answer.headers)
  if (answer.body !== undefined) context.body = answer.body
}

async function answerRoute(parts: PluginApiParts, release: PluginRelease, route: RouteEntry, actor: Actor, context: Context): Promise<void> {
  requireRight(actor.permissions, release.pluginId, route.action)
  const { sandbox } = release
  if (!sandbox) throw new OpsFluxError('plugin-failed', `${release.manifest.name} has no server code for this route.`)
  const input = readRouteInput(route, context.query, bodyOf(context) ?? {})
  const info = await callInfo(parts, release, actor)
  const begin: Parameters<typeof runLazily>[1] = (work) => connections.pass(release.pluginId, () => parts.engine.run(release.entities, actor, hooksOf(parts, release, actor), work))
  const answer = await runLazily(actor, begin, (transaction) => sandbox.call(`route:${route.name}`, input, info, callContext(parts, release, transaction)))
  // Always JSON: Koa would serve a text that begins with `<` as a page of ours, and `null` as no content.
  context.type = 'application/json'
  context.body = JSON.stringify(answer ?? null)
}

/** Hooks run in the release's sandbox, inside the transaction of the write they belong to. */
export function hooksOf(parts: Pick<PluginApiParts, 'log' | 'capabilities' | 'outbound'>, release: PluginRelease, actor: Actor): HookCaller | undefined {
  const { sandbox } = release
  if (!sandbox) return undefined
  const budget = new WaitBudget(hookWaitMs)
  return async (entity, event, payload, transaction) => sandbox.call(`hook:${entity}.${event}`, payload, await callInfo(parts, release, actor), callContext(parts, release, transaction, budget))
}

const callInfo = async ({ capabilities }: Pick<PluginApiParts, 'capabilities'>, { pluginId }: PluginRelease, actor: Actor) => ({
  user: { id: actor.userId, locale: actor.locale }, tenant: { id: actor.tenantId }, now: new Date().toISOString(), granted: await capabilities.namesFor({ pluginId, tenantId: actor.tenantId }),
})

function callContext({ log, outbound }: Pick<PluginApiParts, 'log' | 'outbound'>, { pluginId, version, manifest }: PluginRelease, transaction: EntityTransaction, budget?: WaitBudget): PluginCallContext {
  const { tenantId, userId } = transaction.actor
  const caller = { pluginId, tenantId, userId, secrets: manifest.secrets ?? [], budget }
  return {
    pluginId, transaction,
    fetch: (url, request, signal) => outbound.fetch({ ...caller, signal }, url, request),
    secret: (name) => outbound.secret(caller, name),
    log: (level, message) => log[level]({ plugin: pluginId, version }, message),
  }
}

// RFC 9110 §9.3.2: HEAD is GET without the body, which Koa leaves out by itself.
const methodOf = (context: Context): string => (context.method === 'HEAD' ? 'GET' : context.method)
const bodyOf = (context: Context): Json | undefined => (context.request as { body?: Json }).body

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new OpsFluxError('invalid-request', 'The address is not a valid URL.')
  }
}
