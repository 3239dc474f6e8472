import type { Json } from '../json.ts'
import type { EntitiesOf, ResponseOf, RouteInput, RoutesOf } from '../plugin.ts'
import { entityApi, type EntityApi } from './entity-api.ts'
import { queryString } from './query-string.ts'
import { senderTo } from './sender.ts'

type Part<Name extends string, Values> = {} extends Values ? { [K in Name]?: Values } : { [K in Name]: Values }
type CallInput<D> = Part<'query', RouteInput<D>['query']> & Part<'body', RouteInput<D>['body']>
/** The input may be left out when the route requires nothing. */
type RouteCall<D> = (...input: {} extends CallInput<D> ? [input?: CallInput<D>] : [input: CallInput<D>]) => Promise<ResponseOf<D>>

export interface Api<P> {
  entities: { [K in keyof EntitiesOf<P>]: EntityApi<EntitiesOf<P>[K]> }
  routes: { [K in keyof RoutesOf<P>]: RouteCall<RoutesOf<P>[K]> }
}

/** How a route is called: known from the plugin's declarations at build time. */
export interface RouteAddress { method: 'GET' | 'POST'; path: string }

/**
 * The typed client of one plugin's API.
 * @param base such as `/api/hse-reports`
 * @param addresses of the routes by name
 * @param wait between tries of a request that was not answered, in milliseconds
 */
export function createApi<P>(base: string, addresses: Record<string, RouteAddress>, fetcher: typeof fetch = fetch, wait?: (milliseconds: number) => Promise<void>): Api<P> {
  const send = senderTo(base, fetcher, wait)
  const call = (name: string) => async (input: { query?: Record<string, Json>; body?: Json } = {}) => {
    const address = addresses[name]
    if (!address) throw new Error(`The module declares no route "${name}".`)
    return send(address.method, address.path + queryString(asTexts(input.query ?? {})), address.method === 'GET' ? {} : { body: input.body ?? {} })
  }
  return { entities: lazily((name) => entityApi(send, name)), routes: lazily(call) } as unknown as Api<P>
}

/** Values of several parts, such as money, are JSON in one parameter of a route. */
function asTexts(query: Record<string, Json>): Record<string, Json> {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value]))
}

function lazily<T>(make: (name: string) => T): Record<string, T> {
  const made = new Map<string, T>()
  return new Proxy({}, { get: (_target, name) => {
    if (typeof name !== 'string') return undefined
    const known = made.get(name) ?? make(name)
    made.set(name, known)
    return known
  } })
}
