import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PluginSandbox } from '@opsflux/kernel'
import type { HttpRequest, Json } from '@opsflux/sdk'
import { hostCalls, type PluginCallContext } from './host-calls.ts'

const source = 'export default { routes: { fetch: ({ url, request }, { http }) => http.fetch(url, request), loop: (_, { http }) => { http.fetch("https://slow.test/"); return new Promise(() => {}) }, leave: (_, { http }) => { http.fetch("https://slow.test/"); throw new Error("mine") }, secret: (name, { secrets }) => secrets.get(name) } }'
const fetched: [string, HttpRequest | undefined][] = []
const context: Pick<PluginCallContext, 'fetch' | 'secret'> = {
  fetch: async (url, request, signal) => {
    // Answers only once nobody waits for it.
    if (url === 'https://slow.test/') await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    fetched.push([url, request])
    return { status: 200, headers: {}, body: '', url }
  },
  secret: async (name) => `of ${name}`,
}
let sandbox: PluginSandbox<PluginCallContext>
beforeAll(() => { sandbox = new PluginSandbox({ pluginId: 'demo-calls', version: '1.0.0', source, entities: [], hostCalls, limits: { wallMs: 500 } }) })
afterAll(() => sandbox.stop())

const call = (route: string, input: Json, granted: readonly ('http.fetch' | 'secrets.read')[] = ['http.fetch', 'secrets.read']): Promise<Json> =>
  sandbox.call(`route:${route}`, input, { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted }, context as PluginCallContext)

describe('http.fetch', () => {
  test('takes a URL, and a request with what the SDK names', async () => {
    const request = { method: 'POST', headers: { 'x-one': '1' }, body: 'x', responseType: 'base64', timeoutMs: 1 }
    expect(await call('fetch', { url: 'https://a.test/', request })).toMatchObject({ status: 200 })
    await call('fetch', { url: 'https://a.test/' })
    expect(fetched.splice(0)).toEqual([['https://a.test/', request], ['https://a.test/', undefined]])
  })

  test.each<[string, Json]>([
    ['no URL', {}], ['a URL that is no text', { url: 1 }], ['a URL too long', { url: 'x'.repeat(2_049) }], ['a method of its own', { url: '', request: { method: 'CONNECT' } }], ['a method in small letters', { url: '', request: { method: 'get' } }],
    ['a word of its own', { url: '', request: { redirect: 'manual' } }], ['too many headers', { url: '', request: { headers: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`x-${n}`, ''])) } }],
    ['a header that is no name', { url: '', request: { headers: { 'x y': '' } } }], ['a header name with a line end', { url: '', request: { headers: { 'x\r\ny': '' } } }], ['a header without a name', { url: '', request: { headers: { '': '' } } }],
    ['a header that is no text', { url: '', request: { headers: { x: 1 } } }], ['headers in a list', { url: '', request: { headers: ['x'] } }], ['a body that is no text', { url: '', request: { body: {} } }], ['a body too long', { url: '', request: { body: 'x'.repeat(524_289) } }],
    ['no time', { url: '', request: { timeoutMs: 0 } }], ['too much time', { url: '', request: { timeoutMs: 10_001 } }], ['half a millisecond', { url: '', request: { timeoutMs: 1.5 } }], ['another answer', { url: '', request: { responseType: 'stream' } }],
  ])('is refused %s', async (_what, input) => {
    await expect(call('fetch', input)).rejects.toMatchObject({ code: 'plugin-failed' })
    expect(fetched).toEqual([])
  })

  test.each([['leave', 'plugin-failed'], ['loop', 'plugin-timeout']])('that is under way when its call ends, by itself or by force (%s), keeps nobody waiting', async (route, code) => {
    await expect(call(route, {})).rejects.toMatchObject({ code })
    fetched.splice(0)
  })

  test('counts as a write unless it only reads (RFC 9110 §9.2.1)', () => {
    const { writes } = hostCalls.get('http.fetch') ?? {}
    const doesWrite = (method?: string): boolean | undefined => (typeof writes === 'function' ? writes({ url: '', ...(method ? { request: { method } } : {}) }) : undefined)
    expect([undefined, 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map(doesWrite)).toEqual([false, false, false, true, true, true, true])
  })
})

test('without their capabilities, http.fetch and secrets.get are refused', async () => {
  await expect(call('fetch', { url: 'https://a.test/' }, ['secrets.read'])).rejects.toMatchObject({ code: 'capability-denied' })
  await expect(call('secret', 'apiKey', ['http.fetch'])).rejects.toMatchObject({ code: 'capability-denied' })
  expect(await call('secret', 'apiKey', ['secrets.read'])).toBe('of apiKey')
})
