import { validate } from '@readme/openapi-parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import pg from 'pg'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApiClient } from '../setup/api-client.ts'
import { launchBrowser } from '../setup/browser.ts'
import { password, TestPlatform } from '../setup/platform.ts'

interface Operation { operationId: string; responses: Record<string, unknown> }
interface Document { paths: Record<string, Record<string, Operation>>; tags: { name: string; description: string }[]; components: { schemas: Record<string, { properties: Record<string, { title?: string }> }> } }

let platform: TestPlatform
let admin: ApiClient
let browser: Browser
let empty: Document
beforeAll(async () => {
  [platform, browser] = await Promise.all([TestPlatform.start(), launchBrowser()])
  admin = await platform.signIn()
  empty = await admin.get<Document>('/api/openapi.json')
  await admin.change({ action: 'install', id: 'hse-reports' })
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const ask = (path: string, client: ApiClient, headers: Record<string, string> = {}): Promise<Response> => fetch(platform.host.url + path, { headers: { cookie: client.cookie, ...headers } })

describe('the document', () => {
  test('is valid for hse-reports and without any module, to two validators (CORE-12.6)', async () => {
    const reports = await admin.get<Document>('/api/openapi.json?module=hse-reports')
    for (const document of [empty, reports]) {
      // Both write into what they are given.
      expect(await new Validator().validate(structuredClone(document) as never)).toMatchObject({ valid: true })
      expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true })
    }
    expect(Object.keys(empty.paths).filter((path) => path.includes('hse-reports'))).toEqual([])
    expect(Object.keys(reports.paths)).toEqual(expect.arrayContaining(['/api/hse-reports/incident', '/api/hse-reports/incident/{id}/transitions/submit', '/api/hse-reports/rates']))
  })

  test('is not sent again to who has it, and is another one for other rights and another language', async () => {
    const first = await ask('/api/openapi.json', admin)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)
    const again = await ask('/api/openapi.json', admin, { 'if-none-match': `"other", W/${etag}` })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const guest = await signInAs('guest')
    const forGuest = await ask('/api/openapi.json', guest, { 'if-none-match': etag })
    expect(forGuest.status).toBe(200)
    expect(Object.keys(((await forGuest.json()) as Document).paths).filter((path) => path.includes('hse-reports'))).toEqual([])
    await admin.send('PATCH', '/api/me', { locale: 'fr' })
    const french = await admin.get<Document>('/api/openapi.json')
    await admin.send('PATCH', '/api/me', { locale: 'en' })
    expect(french.tags.find(({ name }) => name === 'hse-reports')?.description).toContain('Rapports HSE')
  })

  test('takes the name of a module that serves, and a session', async () => {
    expect((await ask('/api/openapi.json?module=no-such-module', admin)).status).toBe(404)
    expect((await ask('/api/openapi.json?module=__proto__', admin)).status).toBe(400)
    expect((await ask('/api/openapi.json?tenant=other', admin)).status).toBe(400)
    expect((await fetch(`${platform.host.url}/api/openapi.json`)).status).toBe(401)
  })

  test('tells what the API answers', async () => {
    const fits = await checker()
    const incident = { type: 'lostTime', actualSeverity: 'III', potentialSeverity: 'IV', site: 'North, "A"', occurredAt: '2026-01-05T08:00:00Z', description: 'Fell.' }
    const base = '/api/hse-reports/incident'
    const created = await fits('POST', base, base, { body: incident })
    const { id, revision } = created as { id: string; revision: number }
    await fits('GET', base, `${base}?where[site]=${encodeURIComponent(incident.site)}&where[occurredAt][gte]=2026-01-01T00:00:00Z&sort=-occurredAt&limit=5&count=true&fields=site,type`)
    await fits('GET', `${base}/{id}`, `${base}/${id}?expand=createdBy`)
    await fits('PATCH', `${base}/{id}`, `${base}/${id}`, { body: { site: 'South' }, headers: { 'if-match': `"${revision}"` } })
    await fits('PATCH', `${base}/{id}`, `${base}/${id}`, { body: { site: 'East' }, headers: { 'if-match': `"${revision}"` }, status: 412 })
    await fits('POST', base, base, { body: { ...incident, site: null }, status: 422 })
    await fits('GET', base, `${base}?where[colour]=red`, { status: 400 })
    await fits('GET', `${base}/{id}`, `${base}/00000000-0000-4000-8000-000000000000`, { status: 404 })
    await fits('POST', `${base}/aggregate`, `${base}/aggregate`, { body: { groupBy: ['type', { field: 'occurredAt', bucket: 'month' }] } })
    await fits('POST', `${base}/bulk`, `${base}/bulk`, { body: { atomic: false, create: [incident, {}] } })
    await fits('GET', `${base}/{id}/history`, `${base}/${id}/history`)
    await fits('GET', '/api/hse-reports/rates', '/api/hse-reports/rates?from=2026-01-01')
  })
})

describe('the page of the API (CORE-12.6)', () => {
  test('lists the operations and calls one with the session, and nothing leaves for elsewhere', async () => {
    const { page, faults, elsewhere } = await openPage('/api/docs?module=hse-reports')
    await page.locator('.opblock-tag[data-tag="hse-reports"]').click()
    // The list of incidents.
    const list = page.locator('.opblock').first()
    await list.locator('.opblock-summary').click()
    await list.getByRole('button', { name: 'Try it out' }).click()
    await list.getByRole('button', { name: 'Execute' }).click()
    const status = list.locator('.live-responses-table tbody .response-col_status').first()
    await status.waitFor()
    expect(await status.textContent()).toContain('200')
    expect(await list.locator('.request-url').textContent()).toContain(`${platform.host.url}/api/hse-reports/incident?limit=25`)
    expect({ faults, elsewhere }).toEqual({ faults: [], elsewhere: [] })
    await page.context().close()
  })

  test('has a policy of its own, and other pages keep theirs', async () => {
    const policyOf = async (path: string): Promise<string> => (await ask(path, admin)).headers.get('content-security-policy') ?? ''
    expect(await policyOf('/api/docs')).toBe("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    expect(await policyOf('/')).toContain("style-src 'self';")
    for (const path of ['/api/docs/package.json', '/api/docs/../docs/index.html', '/api/docs/%2e%2e/package.json']) expect((await ask(path, admin)).status, path).toBe(404)
  })

  test('is found from the page of the platform', async () => {
    const { page } = await openPage('/platform')
    expect(await page.getByRole('link', { name: 'API documentation' }).getAttribute('href')).toBe('/api/docs')
    await page.context().close()
  })
})

async function openPage(path: string): Promise<{ page: Page; faults: string[]; elsewhere: string[] }> {
  const context = await browser.newContext()
  const [name = '', value = ''] = admin.cookie.split('=')
  await context.addCookies([{ name, value, url: platform.host.url }])
  const page = await context.newPage()
  const faults: string[] = []
  const elsewhere: string[] = []
  page.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()) })
  page.on('pageerror', (error) => { faults.push(error.message) })
  page.on('request', (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(platform.host.url)) elsewhere.push(request.url()) })
  await page.goto(platform.host.url + path)
  return { page, faults, elsewhere }
}

/** Calls an address and holds the answer to the schema of its operation. */
async function checker() {
  const document = await admin.get<Document>('/api/openapi.json')
  const ajv = new Ajv2020({ strict: false, formats: { uuid: true, date: true, 'date-time': true, binary: true, password: true } })
  ajv.addSchema(structuredClone(document) as never, 'api')
  const pointer = (...steps: string[]): string => steps.map((step) => `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')
  return async (method: string, path: string, address: string, { body, headers = {}, status }: { body?: unknown; headers?: Record<string, string>; status?: number } = {}): Promise<unknown> => {
    const response = await fetch(platform.host.url + address, { method, headers: { cookie: admin.cookie, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const answer: unknown = await response.json()
    expect(response.ok ? undefined : response.status, `${method} ${address}: ${JSON.stringify(answer)}`).toBe(status)
    const steps = response.ok ? ['paths', path, method.toLowerCase(), 'responses', String(response.status), 'content', 'application/json'] : ['components', 'responses', `Problem${response.status}`, 'content', 'application/problem+json']
    if (!response.ok) expect(document.paths[path]?.[method.toLowerCase()]?.responses).toHaveProperty(String(response.status))
    expect(response.headers.get('content-type')).toContain(steps.at(-1))
    const fits = ajv.compile({ $ref: `api#${pointer(...steps, 'schema')}` })
    expect(fits(answer) ? [] : fits.errors, `${method} ${address}`).toEqual([])
    return answer
  }
}

async function signInAs(role: string): Promise<ApiClient> {
  const database = new pg.Client({ connectionString: platform.parts.database.adminUrl })
  await database.connect()
  await database.query(
    `insert into opsflux.user_account (tenant_id, email, name, role, password_hash)
     select tenant_id, $1, $2, $2, password_hash from opsflux.user_account where email = 'admin@opsflux.local'`, [`${role}@example.com`, role])
  await database.end()
  return ApiClient.signIn(platform.host.url, `${role}@example.com`, password)
}
