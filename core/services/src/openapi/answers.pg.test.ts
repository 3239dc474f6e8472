import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { handleEntityRequest, type EntityResponse } from '@opsflux/data'
import { alice, company, department, photo, worksDatabase, type Works } from '@opsflux/data/testing/works'
import type { Json } from '@opsflux/sdk'
import { openApiDocument } from './document.ts'
import { customFields, others, works } from './test-modules.ts'
import type { JsonObject } from './types.ts'

// The engine is asked for what the document says, and answers what the document says.
const document = openApiDocument([works(), others], alice)
const ajv = new Ajv2020({ strict: false, formats: { uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, date: /^\d{4}-\d\d-\d\d$/, 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, binary: true, password: true } })
ajv.addSchema(structuredClone(document) as never, 'api')

let database: Works
let ids: { asset: string; site: string; permit: string }
beforeAll(async () => {
  database = await worksDatabase({ customFieldsOf: async (_tenant, _plugin, entity) => (entity === 'asset' ? customFields : []) })
  const site = await created('test-works', 'site', { name: 'North' })
  const permit = await created('test-permits', 'permit', { title: 'Hot work' })
  const asset = await created('test-works', 'asset', {
    name: 'Pump', remarks: 'Red', manual: '# Pump', weight: '12.50', price: { minor: 1250, currency: 'EUR' }, installedOn: '2026-01-31', checkedAt: '2026-02-01T08:00:00+01:00',
    nextCheck: '2026-03-01T09:30:00+01:00[Africa/Libreville]', outage: { from: '2026-01-01T00:00:00Z', to: null }, downtime: 60, risk: 'high', settings: { limit: 2 }, notes: [1, null], site, permit,
    sites: [site], permits: [permit], owner: alice.userId, company, department, photo, place: { lat: 1.5, lng: -3 }, pin: '1234', custom: { badge: 'B-1', shift: 'day' },
  })
  await created('test-works', 'asset', { name: 'Empty', custom: { badge: 'B-2' } })
  ids = { asset, site, permit }
})
afterAll(() => database.close())

function send(pluginId: string, method: string, path: string, { body, query = '', ...headers }: { body?: Json; query?: string; [header: string]: Json | undefined } = {}): Promise<EntityResponse> {
  const release = pluginId === 'test-permits' ? database.permits : database.release
  return handleEntityRequest({ engine: database.engine, release, hooks: undefined }, alice, { method, path: path.split('/'), query, body, headers: headers as Record<string, string> })
}

async function created(pluginId: string, entity: string, body: Json): Promise<string> {
  const { text = '' } = await send(pluginId, 'POST', entity, { body })
  return (JSON.parse(text) as { id: string }).id
}

/** What is wrong with an answer by the document; nothing, when it is as it says. */
function faults(path: string, method: string, { status, headers, text }: EntityResponse): unknown {
  const operation = document.paths[path]?.[method] as { responses: Record<string, { content?: object; headers?: object }> } | undefined
  const answer = operation?.responses[String(status)]
  if (!answer) return `${status} is not in the document`
  const missing = Object.keys(answer.headers ?? {}).filter((name) => headers[name.toLowerCase()] === undefined)
  if (missing.length > 0 || (answer.content === undefined) !== (text === undefined)) return { missing, text }
  if (text === undefined) return undefined
  const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema'].map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
  const validate = ajv.compile({ $ref: `api#/${encodeURI(pointer)}` })
  return validate(JSON.parse(text)) ? undefined : validate.errors
}

const asset = '/api/test-works/asset'
const expectToFit = async (path: string, method: string, answer: Promise<EntityResponse>): Promise<EntityResponse> => {
  const given = await answer
  expect(faults(path, method, given), `${method} ${path}`).toBeUndefined()
  return given
}

describe('every answer is what the document says', () => {
  test('records of every kind of field, whole, in part and expanded', async () => {
    await expectToFit(asset, 'get', send('test-works', 'GET', 'asset', { query: 'count=true' }))
    await expectToFit(asset, 'get', send('test-works', 'GET', 'asset', { query: 'fields=name,total&count=estimated' }))
    await expectToFit(`${asset}/{id}`, 'get', send('test-works', 'GET', `asset/${ids.asset}`))
    await expectToFit(`${asset}/{id}`, 'get', send('test-works', 'GET', `asset/${ids.asset}`, { query: 'expand=site,permit,sites,permits.createdBy,owner,company,department,photo,createdBy' }))
    await expectToFit('/api/test-works/site', 'get', send('test-works', 'GET', 'site'))
  })

  test('groups', async () => {
    const body = { groupBy: ['risk', { field: 'installedOn', bucket: 'week' }, 'price.currency'], sum: ['price', 'total'], avg: ['parts'], min: ['installedOn'], max: ['weight'], where: { 'site.name': 'North' } }
    await expectToFit(`${asset}/aggregate`, 'post', send('test-works', 'POST', 'asset/aggregate', { body }))
  })

  test('a life: created, changed, stepped on, binned, restored, purged, and its history', async () => {
    const first = await expectToFit(asset, 'post', send('test-works', 'POST', 'asset', { body: { name: 'Fan', site: ids.site, custom: { badge: 'x' } }, 'idempotency-key': 'k-1' }))
    const { id } = JSON.parse(first.text ?? '') as { id: string }
    await expectToFit(`${asset}/{id}`, 'patch', send('test-works', 'PATCH', `asset/${id}`, { body: { parts: 3 }, 'if-match': '"1"' }))
    await expectToFit(`${asset}/{id}/transitions/start`, 'post', send('test-works', 'POST', `asset/${id}/transitions/start`, { 'if-match': '"2"' }))
    await expectToFit(`${asset}/{id}`, 'delete', send('test-works', 'DELETE', `asset/${id}`, { 'if-match': '"3"' }))
    await expectToFit(asset, 'get', send('test-works', 'GET', 'asset', { query: 'deleted=true' }))
    await expectToFit(`${asset}/{id}/restore`, 'post', send('test-works', 'POST', `asset/${id}/restore`, { 'if-match': '"4"' }))
    await expectToFit(`${asset}/{id}/history`, 'get', send('test-works', 'GET', `asset/${id}/history`))
    await send('test-works', 'DELETE', `asset/${id}`, { 'if-match': '"5"' })
    await expectToFit(`${asset}/{id}/purge`, 'post', send('test-works', 'POST', `asset/${id}/purge`, { 'if-match': '"6"' }))
  })

  test('a bulk request with what succeeds and what does not', async () => {
    const body = { atomic: false, create: [{ name: 'A', custom: { badge: 'a' } }, { name: 'forbidden', custom: { badge: 'b' } }, {}], delete: [{ id: ids.permit }] }
    const { text = '' } = await expectToFit(`${asset}/bulk`, 'post', send('test-works', 'POST', 'asset/bulk', { body }))
    expect(JSON.parse(text)).toMatchObject({ succeeded: 1, failed: 3 })
  })
})

describe('the engine takes every parameter of the document', () => {
  const { get } = document.paths[asset] as { get: { parameters: JsonObject[] } }
  const parameters = get.parameters.filter(({ name }) => name !== undefined)
  const example: Record<string, string> = { uuid: '00000000-0000-4000-8000-000000000000', date: '2026-01-31', 'date-time': '2026-01-31T00:00:00Z' }
  const plain: Record<string, string> = { decimal: '1.5', zonedDatetime: '2026-01-31T00:00:00Z', manyToMany: '00000000-0000-4000-8000-000000000000' }
  const shared = (schema: JsonObject): JsonObject => (typeof schema['$ref'] === 'string' ? document.components.schemas[schema['$ref'].split('/').at(-1) ?? ''] as JsonObject : schema)

  function valueOf(schema: JsonObject, operator: string, like: string | undefined): string {
    const one = Array.isArray(schema['enum']) ? String(schema['enum'][0]) : schema['type'] === 'boolean' ? 'true' : schema['type'] === 'integer' || schema['type'] === 'number' ? '1' : example[String(schema['format'])] ?? like ?? 'x'
    return operator === 'between' ? `${one},${one}` : one
  }

  test('every test of every field', async () => {
    const refused: string[] = []
    let asked = 0
    for (const { name, schema } of parameters.filter((one) => String(one['name']).startsWith('where['))) {
      const tests = Object.entries(shared(schema as JsonObject)['properties'] as Record<string, JsonObject>)
      const like = plainOf(String(name), tests)
      const isWhole = String(name).includes('][')
      const queries = isWhole ? [tests.map(([part, one]) => `${name}[${part}]=${valueOf(one, part, part === 'to' ? '' : '1')}`).join('&')] : tests.map(([operator, one]) => `${name}[${operator}]=${valueOf(one, operator, like)}`)
      for (const query of queries) {
        asked += 1
        await send('test-works', 'GET', 'asset', { query }).catch((error: unknown) => { refused.push(`${query}: ${String(error)}`) })
      }
    }
    expect(refused).toEqual([])
    expect(asked).toBeGreaterThan(200)
  })

  // What the lists of a test hold is told by the kind of its other tests.
  function plainOf(name: string, tests: [string, JsonObject][]): string | undefined {
    const column = database.release.entity('asset').columns.get(/^where\[(\w+)\]$/.exec(name)?.[1] ?? '')
    const eq = tests.find(([operator]) => operator === 'eq')?.[1]
    return plain[column?.kind ?? ''] ?? (eq ? valueOf(eq, 'eq', 'x') : undefined)
  }

  test.each(['sort', 'fields', 'expand'])('every value of %s', async (name) => {
    const { schema } = parameters.find((one) => one['name'] === name) as { schema: { items: { enum: string[] } } }
    const refused: string[] = []
    for (const value of schema.items.enum) await send('test-works', 'GET', 'asset', { query: `${name}=${value}` }).catch((error: unknown) => { refused.push(`${value}: ${String(error)}`) })
    expect(refused).toEqual([])
  })

  test('every field of an aggregate', async () => {
    const schema = (document.paths[`${asset}/aggregate`] as { post: { requestBody: { content: Record<string, { schema: { properties: Record<string, { items: { enum?: string[]; anyOf?: { enum?: string[]; properties?: { field: { enum: string[] } } }[] } }> } }> } } }).post.requestBody.content['application/json']?.schema.properties
    const bodies: JsonObject[] = ['sum', 'avg', 'min', 'max'].flatMap((measure) => (schema?.[measure]?.items.enum ?? []).map((field): JsonObject => ({ [measure]: [field] })))
    const [fields, dates] = schema?.['groupBy']?.items.anyOf ?? []
    const groups: JsonObject[] = [...(fields?.enum ?? []).map((field) => ({ groupBy: [field] })), ...(dates?.properties?.field.enum ?? []).map((field) => ({ groupBy: [{ field, bucket: 'quarter' }] }))]
    const refused: string[] = []
    for (const body of [...bodies, ...groups]) await send('test-works', 'POST', 'asset/aggregate', { body }).catch((error: unknown) => { refused.push(`${JSON.stringify(body)}: ${String(error)}`) })
    expect(refused).toEqual([])
  })
})
