import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CapabilityGrant, ChangeRequest, HttpResponse, ModuleDetail, Page } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addUser } from '../setup/users.ts'

const id = 'hse-outbound'
const folder = 'tests/fixtures/hse-outbound'
const key = 'sk-live-9f2c+Zz/81=='
const incident = (n: number) => ({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: `Slipped on deck ${n}` })

const logged: string[] = []
const held: ServerResponse[] = []
const seen: IncomingMessage[] = []
/** Echoes what it is asked; under `/held` it does not answer. */
const service = createServer((request, response) => {
  seen.push(request)
  if (request.url === '/held') held.push(response)
  else if (request.url?.startsWith('/to/')) response.writeHead(302, { location: request.url.slice(4) }).end()
  else response.writeHead(200, { 'x-you-sent': request.headers.authorization ?? '' }).end(`You sent ${request.headers.authorization ?? 'nothing'}`)
})
let host: string
let platform: TestPlatform
let admin: ApiClient
let fileId: string

beforeAll(async () => {
  await new Promise<void>((resolve) => { service.listen(0, '127.0.0.1', resolve) })
  host = `127.0.0.1:${(service.address() as AddressInfo).port}`
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) })
  platform = await TestPlatform.start({ log, config: { privateHosts: '127.0.0.1' } })
  admin = await platform.signIn()
  await succeeds({ action: 'install', id: 'hse-reports', version: '1.2.0' })
  fileId = await upload(await platform.parts.registry.build({ folder }))
}, 120_000)
afterAll(async () => {
  for (const response of held) response.destroy()
  await platform?.stop()
  service.closeAllConnections()
  service.close()
})
beforeEach(async () => {
  if ((await detail().catch(() => undefined))?.installed) await succeeds({ action: 'uninstall', id, data: 'purge' })
  await succeeds({ action: 'install', id, fileId, grant: [{ name: 'http.fetch', hosts: [host] }] })
})

async function upload(path: string): Promise<string> {
  return (await admin.send<{ fileId: string }>('POST', '/api/modules/files', await readFile(path))).fileId
}
async function succeeds(request: ChangeRequest): Promise<void> {
  expect(await admin.change(request)).toMatchObject({ state: 'succeeded' })
}
const detail = () => admin.get<ModuleDetail>(`/api/modules/${id}`)
const secretOf = async (name: string) => (await detail()).secrets.find((secret) => secret.name === name)
const setSecret = (name: string, value: string) => admin.send('PUT', `/api/modules/${id}/secrets/${name}`, { value })
const grant = (grants: CapabilityGrant[]) => admin.send('PUT', `/api/modules/${id}/grants`, { grants })
const fetchFrom = (url: string, header?: string) => admin.post<HttpResponse>(`/api/${id}/fetch`, { url, ...(header ? { header } : {}) })

describe('a module that sends requests', () => {
  test('reaches the hosts it was granted, and from the moment they are taken back none (CORE-16.6)', async () => {
    expect(await fetchFrom(`http://${host}/`)).toMatchObject({ status: 200, body: 'You sent nothing' })
    await grant([])
    expect(await codeOf(fetchFrom(`http://${host}/`))).toBe('capability-denied')
  })

  test.each(['http://127.0.0.1:9/', 'https://api.example.com/', 'http://169.254.169.254/latest/meta-data/', 'http://[::1]/'])('is refused %s, and the refusal is seen with its host', async (url) => {
    expect(await codeOf(fetchFrom(url))).toBe('capability-denied')
    await expect.poll(async () => (await detail()).refusals).toContainEqual(expect.objectContaining({ capability: 'http.fetch', detail: new URL(url).host, user: 'Administrator' }))
  })

  test('is not led to another host', async () => {
    expect(await codeOf(fetchFrom(`http://${host}/to/http://127.0.0.1:9/`))).toBe('capability-denied')
    expect(await fetchFrom(`http://${host}/to/http://${host}/there`)).toMatchObject({ status: 200, url: `http://${host}/there` })
  })

  test('in a hook keeps the write waiting for three seconds at most, and nothing of it is stored', async () => {
    expect(await codeOf(admin.post(`/api/${id}/note`, { text: `http://${host}/held` }))).toBe('fetch-failed')
    expect((await admin.get<Page<unknown>>(`/api/${id}/note`)).data).toEqual([])
  }, 30_000)
})

describe('a secret of a module', () => {
  test('is sent by the host, and comes back to the module in no answer', async () => {
    expect(await secretOf('apiKey')).toMatchObject({ required: true, isSet: false })
    expect(await codeOf(fetchFrom(`http://${host}/`, 'Bearer {{secret.apiKey}}'))).toBe('secret-missing')
    await setSecret('apiKey', key)
    expect(await secretOf('apiKey')).toMatchObject({ isSet: true, setBy: 'Administrator', setAt: expect.stringMatching(/^\d{4}-/) })
    const answer = await fetchFrom(`http://${host}/`, 'Bearer {{secret.apiKey}}')
    expect(seen.at(-1)?.headers.authorization).toBe(`Bearer ${key}`)
    expect(answer).toMatchObject({ body: 'You sent Bearer [secret]', headers: { 'x-you-sent': 'Bearer [secret]' } })
  })

  test('is readable nowhere: not in the API, the database, the log', async () => {
    await setSecret('apiKey', key)
    await fetchFrom(`http://${host}/`, '{{secret.apiKey}}')
    await codeOf(fetchFrom(`http://${host}/to/https://${encodeURIComponent('x')}.{{secret.apiKey}}.test/`, '{{secret.apiKey}}'))
    for (const method of ['GET', 'POST']) expect(['not-found', 'method-not-allowed']).toContain(await codeOf(admin.send(method, `/api/modules/${id}/secrets/apiKey`)))
    const { rows } = await platform.parts.database.database.admin.query<{ row: string }>('select s::text as row from opsflux.plugin_secret s')
    const everywhere = JSON.stringify([await detail(), rows, logged])
    for (const spelling of [key, Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64')]) expect(everywhere).not.toContain(spelling)
    expect(rows).toHaveLength(1)
  })

  test('goes to no host but those it is declared for', async () => {
    await setSecret('elsewhere', key)
    const before = seen.length
    expect(await codeOf(fetchFrom(`http://${host}/`, '{{secret.elsewhere}}'))).toBe('capability-denied')
    expect(await codeOf(fetchFrom(`http://${host}/`, '{{secret.unknown}}'))).toBe('plugin-failed')
    expect(seen).toHaveLength(before)
  })

  test('is read by the module with a capability for that alone', async () => {
    await setSecret('apiKey', key)
    const read = (name: string) => admin.get<string>(`/api/${id}/secret?name=${name}`)
    expect(await codeOf(read('apiKey'))).toBe('capability-denied')
    await grant([{ name: 'secrets.read' }])
    expect(await read('apiKey')).toBe(key)
    expect(await codeOf(read('elsewhere'))).toBe('secret-missing')
    expect(await codeOf(read('unknown'))).toBe('plugin-failed')
  })

  test('is set under a declared name, with a value that fits, by an administrator', async () => {
    expect(await codeOf(setSecret('unknown', key))).toBe('not-found')
    for (const value of ['', 'x'.repeat(8_193), 'a\0b', '\ud800']) expect(await codeOf(setSecret('apiKey', value))).toBe('validation-failed')
    await setSecret('apiKey', 'x'.repeat(8_192))
    await addUser(platform.parts.database.database.admin, { email: 'user@example.com', role: 'user' })
    const user = await ApiClient.signIn(platform.host.url, 'user@example.com', password)
    expect(await codeOf(user.send('PUT', `/api/modules/${id}/secrets/apiKey`, { value: key }))).toBe('forbidden')
    expect(await codeOf(user.send('DELETE', `/api/modules/${id}/secrets/apiKey`))).toBe('forbidden')
  })

  test('can be removed, stays with kept data, and goes with purged data', async () => {
    await setSecret('apiKey', key)
    await setSecret('elsewhere', key)
    await admin.send('DELETE', `/api/modules/${id}/secrets/elsewhere`)
    expect(await secretOf('elsewhere')).toMatchObject({ isSet: false })
    await succeeds({ action: 'uninstall', id, data: 'keep' })
    expect(await codeOf(setSecret('apiKey', 'while it is away'))).toBe('not-found')
    await succeeds({ action: 'install', id, fileId })
    expect(await secretOf('apiKey')).toMatchObject({ isSet: true })
    await succeeds({ action: 'uninstall', id, data: 'purge' })
    await succeeds({ action: 'install', id, fileId })
    expect(await secretOf('apiKey')).toMatchObject({ isSet: false })
  }, 60_000)
})

test('four modules that hold connections while they wait leave others theirs', async () => {
  const slow = [1, 2, 3, 4].map((n) => `hse-slow-${n}`)
  for (const name of slow) {
    const overlay = await overlayOf(platform.parts.home, join(process.cwd(), folder), '1.0.1', { 'plugin.ts': (text) => text.replace(`'${id}'`, `'${name}'`) })
    await succeeds({ action: 'install', id: name, fileId: await upload(await platform.parts.registry.build({ folder, overlay })), grant: [{ name: 'http.fetch', hosts: [host] }] })
    await admin.get(`/api/${name}/ok`)
  }
  held.splice(0)
  let isOver = false
  const calls = Promise.all(slow.flatMap((name) => Array.from({ length: 10 }, () => codeOf(admin.get(`/api/${name}/hold?url=${encodeURIComponent(`http://${host}/held`)}`))))).finally(() => { isOver = true })
  // Ten places are anybody's; the five left go to modules that hold none yet.
  await expect.poll(() => held.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(10)
  for (let n = 0; n < 5; n++) {
    await admin.post('/api/hse-reports/incident', incident(n))
    await admin.get('/api/hse-reports/incident')
    expect(await admin.get(`/api/${id}/ok`)).toBe('fine')
    expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
  }
  expect(isOver).toBe(false)
  expect(held.length).toBeLessThanOrEqual(13)
  const answering = setInterval(() => { for (const response of held.splice(0)) response.end('at last') }, 20)
  expect(new Set(await calls)).toEqual(new Set([undefined]))
  clearInterval(answering)
}, 120_000)
