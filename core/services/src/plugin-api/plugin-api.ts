import type { Context, Middleware } from 'koa'
import { abilityOf, handleEntityRequest, type Actor, type EntityEngine, type EntityService } from '@opsflux/data'
import { OpsFluxError, pluginIdPattern, reservedIds, type Json, type RouteEntry } from '@opsflux/sdk'
import { signedIn, type SignedIn } from '../identity/index.ts'
import type { PluginRelease } from '../modules/index.ts'
import type { PluginCalls } from './plugin-calls.ts'
import { readRouteInput } from './route-input.ts'
import type { TakingPart } from './taking-part.ts'

export interface PluginApiParts {
  calls: PluginCalls
  engine: EntityEngine
  /** With the permissions of the releases that serve now. */
  actorFor(caller: SignedIn): Promise<Actor>
  subresources?: NonNullable<EntityService['subresources']>
}

/** One request to a plugin, on the releases that answer it. */
interface Asked {
  release: PluginRelease
  taking: TakingPart
  actor: Actor
  context: Context
}

/** Serves `/api/<plugin>/…`: the plugin's entities and its own routes, on whichever release is serving. */
export function pluginApi(parts: PluginApiParts): Middleware {
  const { calls } = parts
  return async (context, next) => {
    const [, api, pluginId = '', ...rest] = context.path.split('/')
    if (api !== 'api' || !pluginIdPattern.test(pluginId) || isReserved(pluginId) || rest.length === 0) return next()
    const caller = signedIn(context)
    await calls.use(pluginId, { tenantId: caller.tenantId, mayWrite: (release) => methodOf(context) !== 'GET' || routeOf(release, rest, context) !== undefined }, async (release, taking) => {
      const asked: Asked = { release, taking, actor: await parts.actorFor(caller), context }
      const route = routeOf(release, rest, context)
      const mayRunCode = route ?? (methodOf(context) !== 'GET' && (release.sandbox ?? taking.size > 1))
      // A route takes a connection when it first needs one, if ever; whatever else has one from the start.
      const answer = () => (route ? answerRoute(parts, asked, route) : calls.withConnection(release, () => answerEntity(parts, asked, rest)))
      await (mayRunCode ? calls.inTurn(release, answer) : answer())
    })
  }
}

// Paths of the platform's own API, which no plugin may be called.
const reserved: ReadonlySet<string> = new Set(reservedIds)
const isReserved = (pluginId: string): boolean => reserved.has(pluginId)

function routeOf({ manifest }: PluginRelease, path: readonly string[], context: Context): RouteEntry | undefined {
  const address = `/${path.join('/')}`
  return manifest.routes.find((candidate) => candidate.path === address && candidate.method === methodOf(context))
}

async function answerEntity({ calls, engine, subresources }: PluginApiParts, { release, taking, actor, context }: Asked, path: string[]): Promise<void> {
  const service = { engine, release: release.entities, hooks: calls.hooksOf(release, taking, actor), ...(subresources ? { subresources } : {}) }
  const answer = await handleEntityRequest(service, actor, {
    method: methodOf(context), path: path.map(decode), query: context.querystring, body: bodyOf(context),
    headers: { 'if-match': context.get('if-match') || undefined, 'idempotency-key': context.get('idempotency-key') || undefined },
  })
  context.status = answer.status
  context.set(answer.headers)
  if (answer.text === undefined) return
  context.type = 'application/json'
  context.body = answer.text
}

async function answerRoute({ calls }: PluginApiParts, { release, taking, actor, context }: Asked, route: RouteEntry): Promise<void> {
  abilityOf(release.pluginId, actor).require(route.action)
  const input = readRouteInput(route, context.query, bodyOf(context) ?? {})
  const answer = await calls.run(release, taking, actor, `route:${route.name}`, input)
  // Always JSON: Koa would serve a text that begins with `<` as a page of ours, and `null` as no content.
  context.type = 'application/json'
  context.body = JSON.stringify(answer ?? null)
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
