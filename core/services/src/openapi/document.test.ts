import { validate } from '@readme/openapi-parser'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import type { Actor } from '@opsflux/data'
import { alice, manifest, withPermissions } from '@opsflux/data/testing/works'
import { errorTable } from '@opsflux/sdk'
import { openApiDocument } from './document.ts'
import { moduleOf, others, works } from './test-modules.ts'
import type { JsonObject, OpenApiDocument } from './types.ts'

type Operation = JsonObject & { parameters?: JsonObject[] }
const base = '/api/test-works/asset'
const documentFor = (actor: Actor): OpenApiDocument => openApiDocument([works(), others], actor)
const everything = documentFor(alice)
const operationsOf = ({ paths }: OpenApiDocument): [string, Operation][] => Object.entries(paths).flatMap(([path, item]) => Object.entries(item)
  .filter(([method]) => method !== 'parameters').map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation as Operation]))
const schema = (document: OpenApiDocument, name: string): { properties: Record<string, JsonObject>; required?: string[] } => document.components.schemas[name] as never
function listOf({ paths }: OpenApiDocument): Record<string, JsonObject> {
  const { get } = paths[base] as { get: Operation }
  return Object.fromEntries((get.parameters ?? []).map((one) => [String(one['name'] ?? one['$ref']), one]))
}

describe('two validators accept the document (CORE-12.6)', () => {
  const documents: [string, OpenApiDocument][] = [
    ['of every kind of field', everything],
    ['of a tenant without modules', openApiDocument([], alice)],
    ['of a user who may only look', documentFor(withPermissions(alice, 'view.all'))],
    ['of a user who may do nothing', documentFor({ ...alice, permissions: [] })],
  ]
  test.each(documents)('%s', async (_of, document) => {
    // Both write into what they are given.
    expect(await new Validator().validate(structuredClone(document) as never)).toMatchObject({ valid: true })
    expect(await validate(structuredClone(document) as never)).toMatchObject({ valid: true })
  })
})

test('every operation has a name of its own', () => {
  const names = operationsOf(everything).map(([, operation]) => operation['operationId'])
  expect(names).toEqual([...new Set(names)])
})

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(everything).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
  const missing = references.filter(([, part = '', name = '']) => !Object.hasOwn(everything.components[part as 'schemas'], name)).map(([whole]) => whole)
  expect(missing).toEqual([])
})

test('nothing of our own validator shows', () => {
  expect(JSON.stringify(everything)).not.toMatch(/storable|calendar-date|zoned-instant|"instant"|distinctIds|jsonSchema":\{|"timeRange":true/)
})

test('an entity has every address of its features, and no other', () => {
  const addresses = operationsOf(everything).map(([address]) => address).filter((address) => address.includes('/api/test-works/')).map((address) => address.replace('/api/test-works', ''))
  expect(addresses.filter((address) => address.includes('/asset'))).toEqual([
    'GET /asset', 'POST /asset', 'POST /asset/aggregate', 'POST /asset/bulk', 'GET /asset/{id}', 'PATCH /asset/{id}', 'DELETE /asset/{id}',
    'POST /asset/{id}/transitions/start', 'POST /asset/{id}/transitions/scrap', 'POST /asset/{id}/restore', 'POST /asset/{id}/purge', 'GET /asset/{id}/history',
    'GET /asset/{id}/versions', 'GET /asset/{id}/versions/{revision}', 'GET /asset/{id}/versions/{revision}/diff/{other}', 'POST /asset/{id}/versions/{revision}/restore',
  ])
  // Built before features existed.
  expect(addresses.filter((address) => address.includes('/site'))).toEqual(['GET /site', 'POST /site', 'POST /site/aggregate', 'POST /site/bulk', 'GET /site/{id}', 'PATCH /site/{id}', 'DELETE /site/{id}', 'GET /site/{id}/history'])
  expect(addresses.slice(-2)).toEqual(['GET /totals', 'POST /move-all'])
})

test('comments and attachments show where an entity has them', () => {
  const entities = manifest.entities.map((entity) => (entity.features ? { ...entity, features: { ...entity.features, comments: true, attachments: true, audit: false } } : entity))
  const document = openApiDocument([moduleOf({ ...manifest, entities }, 'en', {})], withPermissions(alice, 'view.all'))
  expect(operationsOf(document).map(([address]) => address).filter((address) => address.includes('{id}/') && address.includes('test-works/asset'))).toEqual([
    `GET ${base}/{id}/comments`, `POST ${base}/{id}/comments`, `PATCH ${base}/{id}/comments/{comment}`, `DELETE ${base}/{id}/comments/{comment}`, `GET ${base}/{id}/attachments`,
  ])
})

test('a list names a test for every field that can be compared, its parts and custom fields', () => {
  const parameters = listOf(everything)
  expect(Object.keys(parameters)).toEqual(expect.arrayContaining(['where[name]', 'where[price]', 'where[price.currency]', 'where[outage][overlaps]', 'where[place][near]', 'where[custom.badge]', 'where[state]', 'where[createdAt]', '#/components/parameters/Search']))
  expect(parameters['where[name]']?.['schema']).toEqual({ $ref: '#/components/schemas/TextFilter' })
  expect(parameters['where[settings]']?.['schema']).toEqual({ $ref: '#/components/schemas/NullFilter' })
  expect(JSON.stringify(parameters['where[risk]']?.['schema'])).toContain('"eq":{"type":"string","enum":["low","high"]}')
  expect(parameters['expand']).toMatchObject({ schema: { items: { enum: expect.arrayContaining(['createdBy', 'owner', 'site', 'parent.site', 'permit.createdBy']) as string[] } } })
})

test('limits stand where a program looks for them', () => {
  expect(everything.components.parameters['Limit']).toMatchObject({ schema: { maximum: 200, default: 25 } })
  expect(listOf(everything)['sort']).toMatchObject({ schema: { maxItems: 4 } })
  expect(schema(everything, 'WorkOrderInput').properties).toMatchObject({ title: { maxLength: 100 }, hours: { minimum: 0, maximum: 1000 }, code: { pattern: '^(?:[A-Z]+-\\d+)$' } })
  expect(everything.paths[`${base}/bulk`]).toMatchObject({ post: { requestBody: { content: { 'application/json': { schema: { properties: { create: { maxItems: 1_000 } } } } } } } })
})

test('what is written and what is answered differ', () => {
  const [record, input, changes] = ['Asset', 'AssetInput', 'AssetChanges'].map((name) => schema(everything, name)) as [ReturnType<typeof schema>, ReturnType<typeof schema>, ReturnType<typeof schema>]
  expect(record.properties).toMatchObject({ tag: { type: 'string', readOnly: true }, total: { type: ['string', 'null'], readOnly: true }, id: { format: 'uuid' }, state: { enum: ['planned', 'inUse', 'scrapped'] } })
  expect(Object.keys(input.properties)).not.toEqual(expect.arrayContaining(['tag']))
  expect(Object.keys(input.properties)).not.toEqual(expect.arrayContaining(['total']))
  expect(input.required).toEqual(['name', 'custom'])
  expect(input.properties['active']).toEqual({ type: 'boolean', default: true })
  expect(changes.properties['active']).toEqual({ type: 'boolean' })
  expect(changes.required).toBeUndefined()
  // Records from before a rule was made stricter break no reader.
  expect(schema(everything, 'WorkOrder').properties['title']).toEqual({ type: 'string' })
})

test('a field that refers is an id, or a record when it is expanded', () => {
  expect(schema(everything, 'Asset').properties).toMatchObject({
    site: { anyOf: [{ type: ['string', 'null'], format: 'uuid' }, { $ref: '#/components/schemas/Site' }] }, owner: { anyOf: [{ type: ['string', 'null'] }, { $ref: '#/components/schemas/Named' }] },
    permits: { type: 'array', items: { anyOf: [{ format: 'uuid' }, { $ref: '#/components/schemas/Permit' }] } },
  })
})

test('errors are problems with the codes of their status, all of the closed table', () => {
  expect(everything.components.schemas['Problem']).toMatchObject({ properties: { code: { enum: Object.keys(errorTable) } } })
  expect(JSON.stringify(everything.components.responses['Problem412'])).toContain('"enum":["stale-record"]')
  expect(everything.paths[`${base}/{id}`]).toMatchObject({ patch: { responses: { 412: { $ref: '#/components/responses/Problem412' }, 422: { $ref: '#/components/responses/Problem422' } } } })
})

describe('a user reads of what he may use', () => {
  const methods = (document: OpenApiDocument, path: string): string[] => Object.keys(document.paths[path] ?? {}).filter((key) => key !== 'parameters')

  test('looking alone leaves every write out', () => {
    const document = documentFor(withPermissions(alice, 'view.all'))
    const unsafe = operationsOf(document).filter(([address]) => address.includes('/api/test-works') && !address.startsWith('GET') && !address.endsWith('/aggregate'))
    expect(unsafe.map(([address]) => address)).toEqual([])
    expect(Object.keys(document.components.schemas).filter((name) => /^Asset(Input|Changes)$/.test(name))).toEqual([])
    expect(listOf(document)['#/components/parameters/Deleted']).toBeUndefined()
  })

  test('without a right in a module nothing of it is told', () => {
    const document = documentFor({ ...alice, permissions: ['test-permits.view.all'] })
    expect(Object.keys(document.paths).filter((path) => path.includes('test-works'))).toEqual([])
    expect(JSON.stringify(document.components)).not.toContain('Asset')
  })

  test('each action brings its operations', () => {
    const document = documentFor(withPermissions(alice, 'view.all', 'create.own', 'approve.all', 'manage.company'))
    expect(methods(document, base)).toEqual(['get', 'post'])
    expect(methods(document, `${base}/{id}`)).toEqual(['get'])
    expect([`${base}/{id}/transitions/start`, `${base}/{id}/transitions/scrap`].filter((path) => path in document.paths)).toEqual([`${base}/{id}/transitions/scrap`])
    expect(document.paths['/api/test-works/move-all']).toBeDefined()
    expect(document.paths[`${base}/{id}/restore`]).toBeUndefined()
  })

  test('rights held at a place count', () => {
    const document = documentFor({ ...alice, permissions: [], places: [{ companyId: alice.userId, departmentIds: [], permissions: ['test-works.view.company', 'test-works.edit.company'] }] })
    expect(methods(document, `${base}/{id}`)).toEqual(['get', 'patch'])
    // Without a company of its own, no record of it can be reached.
    expect(document.paths['/api/test-works/site']).toBeUndefined()
  })

  test('a field that asks for more to be read is left out of records, tests and sorts', () => {
    const document = documentFor(withPermissions(alice, 'view.all', 'edit.all'))
    expect(schema(everything, 'Asset').properties).toHaveProperty('pin')
    expect(schema(document, 'Asset').properties).not.toHaveProperty('pin')
    expect(JSON.stringify(document.paths)).not.toContain('pin')
  })

  test('a field that asks for more to be written is left out of what is sent', () => {
    const [site] = manifest.entities
    const entities = [{ ...site, name: 'site', fields: { name: { kind: 'string' as const, write: 'approve' as const }, note: { kind: 'string' as const } } }]
    const document = openApiDocument([moduleOf({ ...manifest, entities }, 'en', {})], withPermissions(alice, 'view.all', 'edit.all'))
    expect(Object.keys(schema(document, 'SiteChanges').properties)).toEqual(['note'])
    expect(schema(document, 'Site').properties).toHaveProperty('name')
  })
})

test('fields are called as in the language of the reader', () => {
  const document = openApiDocument([works('fr', { 'field.asset.name': 'Nom', 'field.asset.name.help': 'Sur la plaque.', 'module.name': 'Travaux', 'module.summary': 'Ordres.' })], alice)
  expect(schema(document, 'AssetInput').properties['name']).toMatchObject({ title: 'Nom', description: 'Sur la plaque.' })
  expect(schema(document, 'AssetInput').properties['custom']).toMatchObject({ properties: { badge: { title: 'Badge FR', description: 'On the door.', maxLength: 12 } } })
  expect(document.tags.at(-1)).toMatchObject({ name: 'test-works', description: 'Travaux: Ordres.' })
})

test('a route at the address of an entity goes before its method, and leaves the others', () => {
  const routes = [{ name: 'sites', method: 'GET' as const, path: '/site', action: 'view', query: {}, body: {} }]
  const { paths } = openApiDocument([moduleOf({ ...manifest, routes }, 'en', {})], alice)
  expect(paths['/api/test-works/site']).toMatchObject({ get: { operationId: 'test-works.routes.sites' }, post: { operationId: 'test-works.site.create' } })
})

test('two modules with an entity of one name keep apart, and none takes a name of the platform', () => {
  const entity = { name: 'comment', fields: {} }
  const document = openApiDocument([moduleOf({ ...manifest, id: 'mod-one', entities: [{ name: 'site', fields: {} }, entity] }, 'en', {}), moduleOf({ ...manifest, id: 'mod-two', entities: [{ name: 'site', fields: {} }] }, 'en', {})], alice)
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['mod-one.Site', 'mod-two.SitePage', 'mod-one.Comment', 'Comment']))
  expect(schema(document, 'Comment').properties).toHaveProperty('authorName')
})
