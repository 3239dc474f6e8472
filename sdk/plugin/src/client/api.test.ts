import { describe, expect, test } from 'vitest'
import { OpsFluxError } from '../errors.ts'
import { createApi, queryString } from './index.ts'
import { defineEntity, definePlugin, field, route } from '../index.ts'

const valve = defineEntity('valve', { fields: { tag: field.string({ required: true }) }, states: { initial: 'open', values: ['open'], transitions: { shut: { from: 'open', to: 'open' } } } })
const plugin = definePlugin({
  id: 'type-test', publisher: 'opsflux', name: 'T', summary: 'T', icon: 'box', category: 'test', sdk: '^1.1.0', entities: { valve }, permissions: [],
  routes: { near: route({ method: 'GET', path: '/near', query: { price: field.money() } }), send: route({ method: 'POST', path: '/send' }) },
})

interface Request { url: string; method: string; headers: Record<string, string>; body?: string }
type Answer = Response | Error

/** Answers the requests one after the other, the last answer for all that follow. */
function scripted(...answers: Answer[]) {
  const requests: Request[] = []
  const waits: number[] = []
  const fetcher = async (url: unknown, init: unknown): Promise<Response> => {
    requests.push({ url: String(url), ...(init as Omit<Request, 'url'>) })
    const answer = answers[Math.min(requests.length, answers.length) - 1] ?? new Response('{}')
    if (answer instanceof Error) throw answer
    return answer.clone()
  }
  const addresses = { near: { method: 'GET', path: '/near' }, send: { method: 'POST', path: '/send' } } as const
  const api = createApi<typeof plugin>('/api/type-test', addresses, fetcher as typeof fetch, async (milliseconds) => { waits.push(milliseconds) })
  return { api, requests, waits, valve: api.entities.valve }
}
const lost = new TypeError('Failed to fetch')
const problem = (status: number, code: string): Response => new Response(JSON.stringify({ code, detail: 'x' }), { status })

describe('every method has its address', () => {
  const addresses: [string, (valve: ReturnType<typeof scripted>['valve']) => Promise<unknown>][] = [
    ['GET /valve?fields=tag&expand=createdBy&page=2&count=estimated&deleted=true', (api) => api.list({ fields: ['tag'], expand: ['createdBy'], page: 2, count: 'estimated', deleted: true })],
    ['GET /valve/v%2F1?fields=tag', (api) => api.get('v/1', { fields: ['tag'] })],
    ['POST /valve/aggregate {"groupBy":["tag"]}', (api) => api.aggregate({ groupBy: ['tag'] })],
    ['POST /valve {"tag":"V"}', (api) => api.create({ tag: 'V' })],
    ['PATCH /valve/1 {"tag":"W"} "3"', (api) => api.update('1', { tag: 'W' }, 3)],
    ['DELETE /valve/1 "3"', (api) => api.remove('1', 3)],
    ['POST /valve/1/restore "3"', (api) => api.restore('1', 3)],
    ['POST /valve/1/purge "3"', (api) => api.purge('1', 3)],
    ['POST /valve/1/transitions/shut "3"', (api) => api.transition('1', 'shut', 3)],
    ['POST /valve/bulk {"delete":[{"id":"1"}]}', (api) => api.bulk({ delete: [{ id: '1' }] })],
    ['GET /valve/1/history?limit=5&after=9', (api) => api.history('1', { limit: 5, after: '9' })],
    ['GET /valve/1/comments', (api) => api.comments.list('1')],
    ['POST /valve/1/comments {"text":"x"}', (api) => api.comments.create('1', { text: 'x' })],
    ['PATCH /valve/1/comments/2 {"text":"y"}', (api) => api.comments.update('1', '2', 'y')],
    ['DELETE /valve/1/comments/2', (api) => api.comments.remove('1', '2')],
    ['GET /valve/1/attachments', (api) => api.attachments.list('1')],
    ['POST /valve/1/attachments {"file":"f"}', (api) => api.attachments.create('1', 'f')],
    ['DELETE /valve/1/attachments/f', (api) => api.attachments.remove('1', 'f')],
    ['GET /valve/1/versions', (api) => api.versions.list('1')],
    ['GET /valve/1/versions/2', (api) => api.versions.get('1', 2)],
    ['GET /valve/1/versions/2/diff/4', (api) => api.versions.diff('1', 2, 4)],
    ['POST /valve/1/versions/2/restore "4"', (api) => api.versions.restore('1', 2, 4)],
  ]
  test.each(addresses)('%s', async (address, call) => {
    const { requests, valve: api } = scripted()
    await call(api)
    const [{ method, url, body, headers } = { method: '', url: '', headers: {} as Record<string, string> }] = requests
    expect([method, url.replace('/api/type-test', ''), ...(body === undefined ? [] : [body]), ...(headers['if-match'] === undefined ? [] : [headers['if-match']])].join(' ')).toBe(address)
  })
})

describe('a request without an answer', () => {
  test('is sent up to three times when it reads', async () => {
    const { requests, waits, valve: api } = scripted(lost, problem(503, 'not-ready'), new Response('{"id":"1"}'))
    expect(await api.get('1')).toEqual({ id: '1' })
    expect([requests.length, waits.length]).toEqual([3, 2])
    const down = scripted(lost)
    await expect(down.valve.list()).rejects.toBe(lost)
    expect(down.requests).toHaveLength(3)
  })

  test('or with one that breaks off, is not taken for answered', async () => {
    const broken = new Response(new ReadableStream({ start: (stream) => stream.error(new TypeError('terminated')) }))
    const { requests, valve: api } = scripted(broken, new Response('{"id":"1"}'))
    expect(await api.get('1')).toEqual({ id: '1' })
    expect(requests).toHaveLength(2)
    await expect(scripted(broken).valve.remove('1', 1)).rejects.toThrow('terminated')
  })

  test('creates with the same key at every try, and with another one the next time', async () => {
    const { requests, valve: api } = scripted(lost, new OpsFluxError('not-ready', 'no answer'), new Response('{}'))
    await api.create({ tag: 'V' })
    await api.create({ tag: 'V' })
    const keys = requests.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(keys.slice(0, 3)).toEqual([keys[0], keys[0], keys[0]])
    expect(keys[3]).not.toBe(keys[0])
  })

  test('is not sent again when it could be done twice', async () => {
    const calls: ((scene: ReturnType<typeof scripted>) => Promise<unknown>)[] = [
      ({ valve: api }) => api.update('1', {}, 1), ({ valve: api }) => api.remove('1', 1), ({ valve: api }) => api.transition('1', 'shut', 1), ({ api }) => api.routes.send(),
    ]
    for (const call of calls) {
      const scene = scripted(lost)
      await expect(call(scene)).rejects.toBe(lost)
      expect(scene.requests).toHaveLength(1)
    }
  })

  test('is told apart from one that was answered', async () => {
    for (const [status, code] of [[503, 'plugin-stopped'], [500, 'internal'], [409, 'conflict']] as const) {
      const { requests, valve: api } = scripted(problem(status, code))
      await expect(api.create({ tag: 'V' })).rejects.toMatchObject({ code })
      expect(requests).toHaveLength(1)
    }
  })
})

test('a value of several parts is JSON in one parameter of a route', async () => {
  const { api, requests } = scripted()
  await api.routes.near({ query: { price: { minor: 5, currency: 'EUR' } } })
  expect(decodeURIComponent(requests[0]?.url ?? '')).toBe('/api/type-test/near?price={"minor":5,"currency":"EUR"}')
})

test('tests of several parts name each part', () => {
  expect(queryString({ where: { place: { near: { lat: 1, lng: -2, metres: 50 } }, outage: { overlaps: { from: 'a', to: null } } } }))
    .toBe('?where[place][near][lat]=1&where[place][near][lng]=-2&where[place][near][metres]=50&where[outage][overlaps][from]=a&where[outage][overlaps][to]=')
})
