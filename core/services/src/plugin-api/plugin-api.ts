import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import { handleEntityRequest, type Actor, type EntityEngine, type HookCaller } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { OpsFluxError, pluginIdPattern, type Json, type RouteEntry } from '@opsflux/sdk'
import { permissionsOf, requireRight, signedIn } from '../identity/index.ts'
import type { PluginRelease } from '../modules/index.ts'
import { readRouteInput } from './route-input.ts'
import { Turnstile } from './turnstile.ts'

export interface PluginApiParts {
  host: PluginHost<PluginRelease>
  engine: EntityEngine
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
      await (mayRunItsCode ? turnstileOf(release).pass(answer) : answer())
    })
  }
}

// A call into a plugin holds one of the host's database connections, 20 by default, for as long as the plugin takes.
const callsAtOnce = 5
const callsWaiting = 250
const turnstiles = new WeakMap<PluginRelease, Turnstile>()

/** Keeps a slow module from taking every connection: others are served meanwhile. */
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
  const answer = await parts.engine.run(release.entities, actor, hooksOf(parts, release, actor), (transaction) =>
    sandbox.call(`route:${route.name}`, input, callInfo(release, actor), callContext(parts, release, transaction)))
  // Always JSON: Koa would serve a text that begins with `<` as a page of ours, and `null` as no content.
  context.type = 'application/json'
  context.body = JSON.stringify(answer ?? null)
}

/** Hooks run in the release's sandbox, inside the transaction of the write they belong to. */
export function hooksOf(parts: Pick<PluginApiParts, 'log'>, release: PluginRelease, actor: Actor): HookCaller | undefined {
  const { sandbox } = release
  if (!sandbox) return undefined
  return (entity, event, payload, transaction) => sandbox.call(`hook:${entity}.${event}`, payload, callInfo(release, actor), callContext(parts, release, transaction))
}

const callInfo = (release: PluginRelease, actor: Actor) => ({
  user: { id: actor.userId, locale: actor.locale }, tenant: { id: actor.tenantId }, now: new Date().toISOString(), granted: release.granted,
})

function callContext({ log }: Pick<PluginApiParts, 'log'>, release: PluginRelease, transaction: Parameters<HookCaller>[3]) {
  return { pluginId: release.pluginId, transaction, log: (level: 'info' | 'warn', message: string) => log[level]({ plugin: release.pluginId, version: release.version }, message) }
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
