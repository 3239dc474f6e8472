import type { IncomingMessage } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { closeServers, scene, webServer } from './test-scene.ts'

afterAll(closeServers)
const [first, second] = ['api.example.test', 'www.example.test']

/** Redirects as `?status=…&to=…` says; answers what it was asked otherwise. */
async function redirecting(more: { privateHosts?: string; granted?: (port: number) => string[]; secrets?: Record<string, string> } = {}) {
  const seen: IncomingMessage[] = []
  const port = await webServer((request, response) => {
    seen.push(request)
    const { searchParams } = new URL(request.url ?? '', 'https://x')
    const to = searchParams.get('to')
    if (to !== null) response.writeHead(Number(searchParams.get('status') ?? 302), { location: to, 'set-cookie': 'a=1' }).end('moved')
    else {
      let body = ''
      request.on('data', (chunk: Buffer) => { body += chunk.toString() }).on('end', () => response.end(JSON.stringify([request.method, request.headers['content-type'] ?? null, body])))
    }
  })
  const all = scene({ granted: more.granted?.(port) ?? [`${first}:${port}`, `${second}:${port}`], privateHosts: more.privateHosts ?? `${first},${second}`, secrets: more.secrets ?? {} })
  const url = (host: string, to?: string, status = 302): string => `https://${host}:${port}/${to === undefined ? '' : `?status=${status}&to=${encodeURIComponent(to)}`}`
  return { ...all, port, seen, url }
}

test.each<[number, string, string]>([[301, 'POST', 'GET'], [302, 'POST', 'GET'], [303, 'POST', 'GET'], [303, 'PUT', 'GET'], [307, 'POST', 'POST'], [308, 'PUT', 'PUT'], [301, 'PUT', 'PUT'], [302, 'DELETE', 'DELETE']])(
  'a redirect %i of a %s is followed with %s (RFC 9110 §15.4)', async (status, method, next) => {
    const { outbound, caller, url } = await redirecting()
    const answer = await outbound.fetch(caller, url(first, '/end', status), { method: method as 'POST', body: 'text', headers: { 'content-type': 'text/plain' } })
    expect(JSON.parse(answer.body)).toEqual(next === 'GET' ? ['GET', null, ''] : [next, 'text/plain', 'text'])
    expect(answer.url).toMatch(/\/end$/)
  })

test('three redirects are followed, a fourth is not', async () => {
  const { outbound, caller, url, seen } = await redirecting()
  const again = (times: number): string => (times === 0 ? url(first) : url(first, again(times - 1)))
  expect((await outbound.fetch(caller, again(3))).status).toBe(200)
  seen.splice(0)
  await expect(outbound.fetch(caller, again(4))).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('more than 3 times') })
  expect(seen).toHaveLength(4)
})

test('a redirect to a host that is not granted is refused, and told with that host', async () => {
  const { outbound, caller, url, refused, seen } = await redirecting()
  await expect(outbound.fetch(caller, url(first, 'https://evil.test/'))).rejects.toMatchObject({ code: 'capability-denied' })
  expect(refused).toEqual([{ capability: 'http.fetch', detail: 'evil.test' }])
  expect(seen).toHaveLength(1)
})

test('a redirect to a granted name that leads inside is refused', async () => {
  const { outbound, caller, url } = await redirecting({ privateHosts: first, granted: (port) => [`${first}:${port}`, `${second}:${port}`] })
  await expect(outbound.fetch(caller, url(first, url(second)))).rejects.toMatchObject({ code: 'egress-refused' })
})

test.each(['http://127.0.0.1/', 'https://127.0.0.1/', 'https://169.254.169.254/latest/', '//evil.test/', 'https://api.example.test@evil.test/', 'ftp://api.example.test/', 'file:///etc/passwd', 'https://[', `https://${first}/`])(
  'a redirect to %s leads nowhere', async (location) => {
    const { outbound, caller, url, seen } = await redirecting()
    const error: unknown = await outbound.fetch(caller, url(first, location)).catch((reason: unknown) => reason)
    expect(['capability-denied', 'egress-refused', 'fetch-failed']).toContain((error as { code?: string }).code)
    expect(seen).toHaveLength(1)
  })

test('a redirect never leads out of TLS, not even to an on-premise host', async () => {
  const { outbound, caller, url } = await redirecting()
  await expect(outbound.fetch(caller, url(first, url(second).replace('https', 'http')))).rejects.toMatchObject({ code: 'egress-refused' })
})

test('what was meant for one host is not sent to another: authorization, and every header with a secret', async () => {
  const { outbound, caller, url, seen } = await redirecting({ secrets: { apiKey: 'hunter2hunter2' } })
  const headers = { authorization: 'Basic eDp5', 'x-key': '{{secret.apiKey}}', 'x-plain': 'plain' }
  await outbound.fetch(caller, url(first, url(first)), { headers })
  expect(seen.at(-1)?.headers).toMatchObject({ authorization: 'Basic eDp5', 'x-key': 'hunter2hunter2', 'x-plain': 'plain' })
  await outbound.fetch(caller, url(first, url(second, url(first))), { headers })
  for (const request of seen.slice(-2)) {
    expect(request.headers).toMatchObject({ 'x-plain': 'plain' })
    expect(request.headers).not.toHaveProperty('authorization')
    expect(request.headers).not.toHaveProperty('x-key')
  }
})

test('an answer without a place to go is an answer', async () => {
  const { outbound, caller, port } = await redirecting()
  const bare = await webServer((_request, response) => response.writeHead(302).end('here'))
  expect(port).not.toBe(bare)
  const { outbound: other, caller: its } = scene({ granted: [`${first}:${bare}`], privateHosts: first })
  expect(await other.fetch(its, `https://${first}:${bare}/`)).toMatchObject({ status: 302, body: 'here' })
  expect((await outbound.fetch(caller, `https://${first}:${port}/?status=304&to=x`)).status).toBe(304)
})
