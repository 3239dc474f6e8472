import { OpsFluxError, type ErrorCode, type Problem } from '../errors.ts'
import type { ChangesOf, InputOf, RecordOf, TransitionOf } from '../entity.ts'
import type { Json } from '../json.ts'
import type { EntitiesOf, ResponseOf, RouteInput, RoutesOf } from '../plugin.ts'
import type { Aggregate, AggregateRow, Page, Query } from '../query.ts'

/** A record with the revision that `update` and `remove` must present. */
export type Saved<E> = RecordOf<E>

/** REST resource of one entity. Errors are {@link OpsFluxError} with the server's code. */
export interface EntityApi<E> {
  list(query?: Query<E> & { count?: boolean }): Promise<Page<RecordOf<E>>>
  get(id: string): Promise<Saved<E>>
  aggregate(aggregate: Aggregate<E>): Promise<AggregateRow[]>
  create(input: InputOf<E>): Promise<Saved<E>>
  /** @throws stale-record when `revision` is not the current one. */
  update(id: string, changes: ChangesOf<E>, revision: number): Promise<Saved<E>>
  remove(id: string, revision: number): Promise<void>
  transition(id: string, name: TransitionOf<E>, revision: number): Promise<Saved<E>>
}

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
 */
export function createApi<P>(base: string, addresses: Record<string, RouteAddress>, fetcher: typeof fetch = fetch): Api<P> {
  const send = async (method: string, path: string, options: { body?: unknown; revision?: number } = {}): Promise<unknown> => {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    if (options.revision !== undefined) headers['if-match'] = `"${options.revision}"`
    const response = await fetcher(base + path, { method, headers, ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }) })
    if (response.status === 204) return undefined
    const answer: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw fromProblem(answer, response.status)
    return answer
  }
  const entity = (name: string): EntityApi<unknown> => ({
    list: (query) => send('GET', `/${name}${queryString(query ?? {})}`) as Promise<Page<never>>,
    get: (id) => send('GET', `/${name}/${id}`) as Promise<never>,
    aggregate: (aggregate) => send('POST', `/${name}/aggregate`, { body: aggregate }) as Promise<AggregateRow[]>,
    create: (input) => send('POST', `/${name}`, { body: input }) as Promise<never>,
    update: (id, changes, revision) => send('PATCH', `/${name}/${id}`, { body: changes, revision }) as Promise<never>,
    remove: (id, revision) => send('DELETE', `/${name}/${id}`, { revision }) as Promise<never>,
    transition: (id, step, revision) => send('POST', `/${name}/${id}/transitions/${step}`, { revision }) as Promise<never>,
  })
  const call = (name: string) => async (input: { query?: Record<string, Json>; body?: Json } = {}) => {
    const address = addresses[name]
    if (!address) throw new Error(`The module declares no route "${name}".`)
    return send(address.method, address.path + queryString(input.query ?? {}), address.method === 'GET' ? {} : { body: input.body ?? {} })
  }
  return { entities: lazily(entity), routes: lazily(call) } as unknown as Api<P>
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

/** `{ where: { severity: { in: ['I'] } } }` → `?where[severity][in]=I`. Arrays are comma-joined, commas in values escaped by `\`. */
export function queryString(query: object): string {
  const parts: string[] = []
  const add = (key: string, value: unknown): void => {
    if (value === undefined) return
    if (Array.isArray(value)) parts.push(`${key}=${value.map((item) => encodeURIComponent(String(item).replace(/[\\,]/g, '\\$&'))).join(',')}`)
    else if (typeof value === 'object' && value !== null) for (const [name, inner] of Object.entries(value)) add(`${key}[${encodeURIComponent(name)}]`, inner)
    else parts.push(`${key}=${encodeURIComponent(value === null ? '' : String(value))}`)
  }
  for (const [name, value] of Object.entries(query)) {
    if (name === 'where' && value) for (const [fieldName, test] of Object.entries(value as object)) add(`where[${fieldName}]`, test === null ? { null: true } : test)
    else add(name, value)
  }
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

/** Turns an error answer of the host into an error that carries its code. */
export function fromProblem(answer: unknown, status: number): OpsFluxError {
  const problem = answer as Partial<Problem> | undefined
  if (typeof problem?.code !== 'string') return new OpsFluxError(status === 503 ? 'not-ready' : 'internal', `The server answered ${status}.`)
  return new OpsFluxError(problem.code as ErrorCode, problem.detail ?? problem.title ?? problem.code, { data: { errors: (problem.errors ?? []) as unknown as Json } })
}
