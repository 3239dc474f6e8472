import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiClient } from '../setup/api-client.ts'
import { TestPlatform } from '../setup/platform.ts'
import { rawRequest, type RawAnswer } from './raw-request.ts'

let platform: TestPlatform
let admin: ApiClient
let moduleBase: string

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  const [release = ''] = await readdir(join(platform.parts.config.home, 'modules/hse-reports'))
  moduleBase = `/assets/modules/hse-reports/${release}`
}, 120_000)
afterAll(() => platform?.stop())

const send = (method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawRequest(platform.host.url, method, path, { headers: { cookie: admin.cookie, ...headers }, ...(body === undefined ? {} : { body }) })
const json = { 'content-type': 'application/json' }

/** An error of the table, and not a word of stacks, SQL or paths. */
function expectProblem(answer: RawAnswer, status: number, code: string): void {
  expect({ status: answer.status, type: answer.headers['content-type'] }).toMatchObject({ status, type: expect.stringMatching(/^application\/problem\+json/) })
  const problem = JSON.parse(answer.text) as Record<string, unknown>
  expect(problem).toMatchObject({ status, code, type: `urn:opsflux:error:${code}`, detail: expect.stringMatching(/\S\.$/) })
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules|select |insert |\/tmp\/|\/home\//i)
}

describe('a request that cannot be right is answered with a problem', () => {
  test.each([
    ['broken JSON', '{"email":', 400, 'invalid-request'],
    ['JSON that is no object', '"text"', 400, 'invalid-request'],
    ['an empty body', '', 422, 'validation-failed'],
    ['an array', '[]', 422, 'validation-failed'],
    ['null in a text', '{"email":"a\\u0000b@example.org","password":"x"}', 422, 'validation-failed'],
    ['unknown members', '{"email":"a@example.org","password":"x","role":"admin"}', 422, 'validation-failed'],
    ['a prototype', '{"__proto__":{"role":"admin"},"email":"a@example.org","password":"x"}', 400, 'invalid-request'],
  ])('%s', async (_, body, status, code) => expectProblem(await send('POST', '/api/auth/sign-in', body, json), status, code))

  test('more than 1 MB of JSON', async () => {
    const body = JSON.stringify({ description: 'x'.repeat(1_100_000) })
    expectProblem(await send('POST', '/api/hse-reports/incident', body, json), 413, 'payload-too-large')
    expectProblem(await send('POST', '/api/auth/sign-in', body, json), 413, 'payload-too-large')
  })

  test('1 MB that unpacks to more', async () => {
    const body = gzipSync(JSON.stringify({ description: 'x'.repeat(5_000_000) }))
    expectProblem(await send('POST', '/api/hse-reports/incident', body, { ...json, 'content-encoding': 'gzip' }), 413, 'payload-too-large')
    expectProblem(await send('POST', '/api/hse-reports/incident', 'x', { ...json, 'content-encoding': 'zstd-of-mine' }), 400, 'invalid-request')
  })

  test('a charset nobody knows', async () => {
    expectProblem(await send('POST', '/api/hse-reports/incident', '{}', { 'content-type': 'application/json; charset=klingon' }), 422, 'validation-failed')
  })

  test('a body of another type', async () => {
    expectProblem(await send('POST', '/api/hse-reports/incident', 'type=firstAid', { 'content-type': 'application/x-www-form-urlencoded' }), 422, 'validation-failed')
  })

  test('JSON nested deeper than anything real', async () => {
    const answer = await send('POST', '/api/hse-reports/incident', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, json)
    expect([400, 413, 422]).toContain(answer.status)
  })

  test.each([
    ['GET', '/api/nothing', 404, 'not-found'], ['GET', '/api', 404, 'not-found'], ['GET', '/api/', 404, 'not-found'], ['POST', '/', 404, 'not-found'],
    ['GET', '/api/hse-reports/nothing', 404, 'not-found'], ['GET', '/api/hse-reports/incident/not-a-uuid', 404, 'not-found'], ['GET', '/api/no-such-module/x', 404, 'not-found'],
    ['GET', '/api/hse-reports/incident/%zz', 400, 'invalid-request'], ['GET', '/api/hse-reports/constructor', 404, 'not-found'], ['GET', '/api/hse-reports/__proto__', 404, 'not-found'],
    ['PUT', '/api/hse-reports/incident', 405, 'method-not-allowed'], ['GET', '/api/hse-reports/incident?where[site]=%00', 400, 'invalid-request'],
    ['GET', '/api/modules/operations/nothing', 404, 'not-found'], ['GET', '/api/modules/..%2f..%2fetc', 400, 'invalid-request'],
    ['GET', '/api/users?q=%00', 400, 'invalid-request'],
  ])('%s %s', async (method, path, status, code) => expectProblem(await send(method, path), status, code))

  test('an upload larger than a package may be, told or not, leaves nothing behind', async () => {
    const big = Buffer.alloc(21 * 2 ** 20, 1)
    expectProblem(await send('POST', '/api/modules/files', big, { 'content-type': 'application/gzip' }), 413, 'payload-too-large')
    expectProblem(await send('POST', '/api/modules/files', big, { 'content-type': 'application/gzip', 'transfer-encoding': 'chunked' }), 413, 'payload-too-large')
    expect((await readdir(join(platform.parts.config.home, 'packages'))).every((name) => /^[0-9a-f]{64}\.tgz$/.test(name))).toBe(true)
  })
})

test('an uploaded file is taken as it is, whatever its type says, and is no page of ours when it is sent again', async () => {
  const body = Buffer.from(`{"not JSON": <script>${' '.repeat(1_100_000)}`)
  const headers = { ...json, 'x-file-name': 'a%20page.html' }
  expectProblem(await send('POST', '/api/files', body, { ...headers, cookie: '' }), 401, 'not-signed-in')
  expectProblem(await send('POST', '/api/files', body, { ...headers, origin: 'https://evil.example' }), 403, 'forbidden')
  const file = JSON.parse((await send('POST', '/api/files', body, headers)).text) as { id: string }
  expect(file).toMatchObject({ name: 'a page.html', bytes: body.length })
  const content = await send('GET', `/api/files/${file.id}/content`, undefined, { 'accept-encoding': 'gzip' })
  expect(content).toMatchObject({ status: 200, text: body.toString(), headers: { 'content-type': 'application/octet-stream', 'content-length': String(body.length), 'content-security-policy': expect.stringMatching(/^sandbox/), 'cache-control': 'private, no-cache' } })
  expectProblem(await send('GET', '/api/files/not-an-id/content'), 400, 'invalid-request')
})

describe('HEAD and OPTIONS', () => {
  test.each(['/api/session', '/api/hse-reports/incident', '/api/modules', '/health/ready', '/'])('HEAD %s answers as GET without the body', async (path) => {
    const [get, head] = [await send('GET', path), await send('HEAD', path)]
    expect({ status: head.status, type: head.headers['content-type'], text: head.text }).toEqual({ status: get.status, type: get.headers['content-type'], text: '' })
  })

  test('OPTIONS opens nothing to other origins', async () => {
    for (const path of ['/api/session', '/api/hse-reports/incident']) {
      const answer = await send('OPTIONS', path, undefined, { origin: 'https://evil.example', 'access-control-request-method': 'POST' })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('paths of files', () => {
  test('a client file that the manifest lists is served, for ever', async () => {
    const manifest = JSON.parse(await readFile(join(platform.parts.config.home, 'modules/hse-reports', moduleBase.split('/').at(-1) ?? '', 'plugin.json'), 'utf8')) as { client: { entry: string } }
    const answer = await send('GET', `${moduleBase}/${manifest.client.entry}`)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': expect.stringMatching(/javascript/), 'x-content-type-options': 'nosniff', 'cache-control': expect.stringContaining('immutable') } })
  })

  const tricks = [
    'server/index.js', 'plugin.json', 'manifest.sig', 'migrations/0001-init.up.sql', 'client/../server/index.js', 'client/%2e%2e/server/index.js', 'client/..%2fserver/index.js', 'client//index.js', '../../../host-id',
    'client/%00', 'client/index.js%00.css', 'client\\..\\server\\index.js', 'client/%5c..%5cserver', 'constructor', '__proto__', 'client/', '',
  ]
  test.each(tricks)('nothing of a module but its client files: %s', async (trick) => {
    const answer = await send('GET', `${moduleBase}/${trick}`)
    expect([400, 404]).toContain(answer.status)
    expectProblem(answer, answer.status, answer.status === 404 ? 'not-found' : 'invalid-request')
    expect(answer.headers['cache-control'] ?? '').not.toContain('immutable')
  })

  test.each([
    '/assets/../package.json', '/assets/..%2fpackage.json', '/assets/%2e%2e/package.json', '/assets/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd', '/assets//etc/passwd', '/assets/%2fetc/passwd', '/assets/.%00', '/assets/%ff', '/assets/%',
    '/assets/nothing.js', '/assets/', '/assets', '/assets/modules/', '/assets/modules/hse-reports/', '/assets/styles/nothing.css', '/assets/styles/__proto__', `/assets/${'a'.repeat(6_000)}`,
  ])('nothing outside the shell: %s', async (path) => {
    const answer = await send('GET', path)
    // Without a slash it is a page of the shell, like every unknown address.
    if (path === '/assets') return expect(answer).toMatchObject({ status: 200, headers: { 'content-type': expect.stringMatching(/html/) } })
    expect([400, 404]).toContain(answer.status)
    expectProblem(answer, answer.status, answer.status === 404 ? 'not-found' : 'invalid-request')
    expect(answer.headers['cache-control'] ?? '').not.toContain('immutable')
  })
})
