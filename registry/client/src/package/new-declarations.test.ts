import { fieldKinds, type EntityFeatures, type Json } from '@opsflux/sdk'
import { describe, expect, it } from 'vitest'
import { schemaLimits } from './json-schema-shape.ts'
import { pluginManifestProblems } from './plugin-manifest.ts'
import { plainPlugin } from './testing.ts'

const features: EntityFeatures = { audit: true, comments: false, attachments: false, versions: true, search: false, softDelete: true, customFields: true }
const plugin = { ...plainPlugin, sdk: '^1.1.0', dependencies: { 'other-works': '^1.0.0' }, entities: plainPlugin.entities.map((entity) => ({ ...entity, features })) }
const [greeting] = plugin.entities
const paths = (change: object): string[] => pluginManifestProblems({ ...plugin, ...change }).map((problem) => problem.path)
const withEntity = (change: object): object => ({ entities: [{ ...greeting, ...change }] })
const withField = (field: object, name = 'x'): object => withEntity({ fields: { ...greeting?.fields, [name]: field } })
const withSchema = (schema: Json): object => withField({ kind: 'json', schema })
const withGuard = (guard: unknown): object => withEntity({ states: { initial: 'a', values: ['a', 'b'], transitions: { go: { from: 'a', to: 'b', guard } } } })

const said = { label: 'field.label', help: 'field.help', read: 'manage' }
const written = { ...said, write: 'approve', personal: true, required: true }
const uuid = '0190f0f0-0000-7000-8000-000000000001'
const fields: Record<string, object> = {
  a: { kind: 'string', ...written, search: 'A', unique: true, index: true }, b: { kind: 'text', ...written, search: 'B' }, c: { kind: 'richText', ...written, maxLength: 1_000_000, search: 'D', default: '# Hi' },
  d: { kind: 'integer', ...written }, e: { kind: 'decimal', ...written }, f: { kind: 'money', ...written, min: 0, max: 10, currencies: ['XAF'], default: { minor: 10, currency: 'XAF' }, index: true, unique: true }, g: { kind: 'boolean', ...written },
  h: { kind: 'date', ...written }, i: { kind: 'datetime', ...written }, j: { kind: 'zonedDatetime', ...written, default: '2026-01-01T00:00:00Z[UTC]' }, k: { kind: 'timeRange', ...written, index: true, default: { from: '2026-01-01T00:00:00Z', to: null } },
  l: { kind: 'duration', ...written, min: 0, max: 60, default: 60 }, m: { kind: 'enum', ...written, values: ['a'], search: 'C' }, n: { kind: 'json', ...written, schema: { type: 'object', properties: { a: { enum: [1, null] } }, required: ['a'] } },
  o: { kind: 'reference', ...said, entity: 'other-works/job', onDelete: 'setNull' }, p: { kind: 'manyToMany', ...said, write: 'edit', personal: true, entity: 'greeting' }, q: { kind: 'user', ...written }, r: { kind: 'company', ...written, default: uuid }, s: { kind: 'department', ...written },
  t: { kind: 'file', ...written, index: true }, u: { kind: 'geoPoint', ...written, index: true, default: { lat: 0, lng: 180 } }, v: { kind: 'sequence', ...said, sequence: 'INC-{year}-{number:4}', gapless: true, search: 'A' }, w: { kind: 'encrypted', ...said, write: 'manage', personal: true, required: true, maxLength: 50 },
  x: { kind: 'decimal', computed: 'd * e', precision: 10, scale: 2, index: true, ...said, personal: true }, y: { kind: 'string', computed: "upper(a)", maxLength: 20, search: 'B' },
}

describe('plugin.json of SDK 1.1', () => {
  it('may use every kind of field and all that an entity can say', () => {
    expect(new Set(Object.values(fields).map((field) => (field as { kind: string }).kind))).toEqual(new Set(fieldKinds))
    const entity = {
      ...greeting, fields, display: 'a', features: { ...features, search: true }, scopes: { own: 'q', company: 'r', department: 's' }, unique: [['a', 'h'], ['f']], checks: { fewHours: 'd < 100', named: "a <> ''" }, hookable: ['other-works'],
      states: { initial: 'a', values: ['a', 'b'], transitions: { go: { from: 'a', to: 'b', action: 'approve', guard: { a: { null: false }, 'o.title': { contains: 'x' }, d: 5, k: { overlaps: { from: '2026-01-01T00:00:00Z', to: null } } } } } },
    }
    const hooks = { greeting: ['beforeCreate', 'beforeChange.d', 'afterChange.state', 'beforeTransition'], 'other-works/job': ['afterCreate', 'afterChange.title'] }
    expect(paths({ entities: [entity], hooks, hookOrder: { after: ['other-works'], before: ['third-works'] }, server: 'server/index.js' })).toEqual([])
    expect(paths(withEntity({ hookable: true, scopes: { own: 'createdBy' } }))).toEqual([])
  })

  it.each<[string, string, object]>([
    ['/entities/0/fields/x/kind', 'a kind nobody knows', withField({ kind: 'colour' })],
    ['/entities/0/fields/x/index', 'an index on what has none', withField({ kind: 'encrypted', index: true })],
    ['/entities/0/fields/x/default', 'a default in the open', withField({ kind: 'encrypted', default: 'x' })],
    ['/entities/0/fields/x/unique', 'unique places', withField({ kind: 'geoPoint', unique: true })],
    ['/entities/0/fields/x/required', 'a required list', withField({ kind: 'manyToMany', entity: 'greeting', required: true })],
    ['/entities/0/fields/x/sequence', 'a sequence without a pattern', withField({ kind: 'sequence' })],
    ['/entities/0/fields/x/sequence', 'a sequence without a number', withField({ kind: 'sequence', sequence: 'INC-{year}' })],
    ['/entities/0/fields/x/sequence', 'a sequence of two numbers', withField({ kind: 'sequence', sequence: '{number}{number}' })],
    ['/entities/0/fields/x/sequence', 'a sequence of too many digits', withField({ kind: 'sequence', sequence: '{number:19}' })],
    ['/entities/0/fields/x/sequence', 'a sequence that is markup', withField({ kind: 'sequence', sequence: '<b>{number}' })],
    ['/entities/0/fields/x/required', 'computed and required', withField({ kind: 'integer', computed: '1', required: true })],
    ['/entities/0/fields/x/computed', 'a computed reference', withField({ kind: 'user', computed: 'owner' })],
    ['/entities/0/fields/x/computed', 'a computed text without end', withField({ kind: 'integer', computed: 'x'.repeat(2_001) })],
    ['/entities/0/fields/x/search', 'a weight that is none', withField({ kind: 'string', search: 'E' })],
    ['/entities/0/fields/x/search', 'search in a number', withField({ kind: 'integer', search: 'A' })],
    ['/entities/0/fields/x/read', 'an action that is none', withField({ kind: 'string', read: 'peek' })],
    ['/entities/0/fields/x/label', 'a label that is no key', withField({ kind: 'string', label: 'Löhne & mehr' })],
    ['/entities/0/fields/x/currencies/0', 'a currency that is none', withField({ kind: 'money', currencies: ['euro'] })],
    ['/entities/0/fields/x/default', 'a default in another currency', withField({ kind: 'money', currencies: ['EUR'], default: { minor: 1, currency: 'XAF' } })],
    ['/entities/0/fields/x/default', 'a default of half a place', withField({ kind: 'geoPoint', default: { lat: 1 } })],
    ['/entities/0/fields/x/default', 'a range that ends before it begins', withField({ kind: 'timeRange', default: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' } })],
    ['/entities/0/fields/x/default', 'a default without its zone', withField({ kind: 'zonedDatetime', default: '2026-01-01T00:00:00Z' })],
    ['/entities/0/fields/x/onDelete', 'to let go of what is required', withField({ kind: 'reference', entity: 'greeting', required: true, onDelete: 'setNull' })],
    ['/entities/0/fields/x/onDelete', 'a rule that is none', withField({ kind: 'reference', entity: 'greeting', onDelete: 'explode' })],
    ['/entities/0/fields/x/entity', 'a plugin that is no dependency', withField({ kind: 'reference', entity: 'third-works/job' })],
    ['/entities/0/fields/x/entity', 'links to nothing', withField({ kind: 'manyToMany', entity: 'absent' })],
    ['/entities/0/fields/x/entity', 'a path for an entity', withField({ kind: 'reference', entity: '../job' })],
    ['/entities/0/fields/custom', 'the column of custom fields', withField({ kind: 'string' }, 'custom')],
    ['/entities/0/fields/deletedAt', 'the column of the bin', withField({ kind: 'date' }, 'deletedAt')],
    ['/entities/0/fields/priceCurrency', 'the column of another field', withEntity({ fields: { price: { kind: 'money' }, priceCurrency: { kind: 'string' } } })],
    [`/entities/0/fields/${'aB'.repeat(14)}${'c'.repeat(18)}`, 'a name too long with its ending', withField({ kind: 'money' }, `${'aB'.repeat(14)}${'c'.repeat(18)}`)],
    [`/entities/0/fields/${'l'.repeat(48)}`, 'a table of links with too long a name', withEntity({ name: 'e'.repeat(20), states: undefined, fields: { ['l'.repeat(48)]: { kind: 'manyToMany', entity: 'e'.repeat(20) } } })],
    ['/entities/0/features', 'no features', withEntity({ features: undefined })],
    ['/entities/0/features/search', 'a feature left out', withEntity({ features: { ...features, search: undefined } })],
    ['/entities/0/features/likes', 'a feature nobody knows', withEntity({ features: { ...features, likes: true } })],
    ['/entities/0/features/versions', 'versions of what is not written down', withEntity({ features: { ...features, audit: false } })],
    ['/entities/0/features/search', 'search in nothing', withEntity({ features: { ...features, search: true } })],
    ['/entities/0/scopes/own', 'an owner that is no user', withEntity({ scopes: { own: 'text' } })],
    ['/entities/0/scopes/company', 'a company that is no field', withEntity({ scopes: { company: 'absent' } })],
    ['/entities/0/unique/0/0', 'unique in what is no field', withEntity({ unique: [['absent']] })],
    ['/entities/0/unique/0', 'a unique set of nothing', withEntity({ unique: [[]] })],
    ['/entities/0/checks/a-b', 'a check with a name that is none', withEntity({ checks: { 'a-b': 'true' } })],
    ['/entities/0/hookable/0', 'hooks for a plugin that cannot be', withEntity({ hookable: ['X'] })],
    ['/entities/0/states/transitions/go/guard/absent', 'a guard on no field', withGuard({ absent: 1 })],
    ['/entities/0/states/transitions/go/guard/text/like', 'a guard with another operator', withGuard({ text: { like: 'x', eq: 'y' } })],
    ['/entities/0/states/transitions/go/guard/text', 'a guard with a deep value', withGuard({ text: { a: { b: 1 } } })],
    ['/entities/0/states/transitions/go/guard', 'a guard without tests', withGuard({})],
    ['/hooks/third-works~1job', 'hooks on a plugin that is no dependency', { hooks: { 'third-works/job': ['afterCreate'] } }],
    ['/hooks/greeting/0', 'a hook on a field that is none', { hooks: { greeting: ['beforeChange.absent'] } }],
    ['/hooks/greeting/0', 'a hook on a field of a field', { hooks: { greeting: ['beforeChange.text.length'] } }],
    ['/hookOrder/after', 'an order after itself', { hookOrder: { after: [plugin.id] } }],
  ])('%s is wrong for %s', (path, _case, change) => {
    expect(paths(JSON.parse(JSON.stringify(change)) as object)).toContain(path)
  })

  it('is not for hosts of SDK 1.0, which take no part of it', () => {
    const old = (change: object): string[] => pluginManifestProblems({ ...plainPlugin, ...change }).map((problem) => problem.path)
    const [first] = plainPlugin.entities
    expect(old({})).toEqual([])
    expect(old({ sdk: '>=1.0.0' })).toEqual([])
    expect(old({ entities: [{ ...first, features, scopes: {}, unique: [], checks: {}, hookable: true, fields: { ...first?.fields, x: { kind: 'money' }, y: { kind: 'string', label: 'a', read: 'view', search: 'A' } } }] })).toEqual([
      '/entities/0/features', '/entities/0/scopes', '/entities/0/unique', '/entities/0/checks', '/entities/0/hookable', '/entities/0/fields/x/kind', '/entities/0/fields/y/label', '/entities/0/fields/y/read', '/entities/0/fields/y/search'])
    expect(old({ hooks: { greeting: ['beforeUpdate'] }, server: 'server/index.js' })).toEqual([])
    for (const event of ['afterCreate', 'beforeChange.text']) expect(old({ hooks: { greeting: [event] }, server: 'server/index.js' })).toEqual(['/hooks/greeting'])
    expect(old({ hookOrder: {}, migrations: plainPlugin.migrations.map((one) => ({ ...one, after: true })) })).toEqual(['/hookOrder', '/migrations/0/after'])
  })
})

describe('the schema of a JSON field', () => {
  const nested = (levels: number): Json => (levels === 0 ? {} : { not: nested(levels - 1) })
  const wide = (count: number): Json => ({ anyOf: Array.from({ length: count }, () => true) })

  it('may use the keywords of application, validation and meta-data, at its limits', () => {
    const schema = { title: 't', type: ['object', 'null'], properties: { a: { type: 'array', prefixItems: [true], items: { type: 'integer', multipleOf: 0.5 }, uniqueItems: true, contains: { const: 1 }, minContains: 0 }, b: { type: 'string', format: 'date-time', minLength: 1 } }, dependentRequired: { a: ['b'] }, if: { required: ['a'] }, then: { maxProperties: 2 }, propertyNames: { maxLength: 5 }, examples: [] }
    for (const good of [schema, {}, nested(schemaLimits.depth - 1), wide(schemaLimits.schemas - 1), { const: 'x'.repeat(schemaLimits.bytes - 12) }] satisfies Json[]) expect(paths(withSchema(good))).toEqual([])
  })

  it.each<[string, Json]>([
    ['', true], ['', 'x'], ['', nested(schemaLimits.depth)], ['', wide(schemaLimits.schemas)], ['', { const: 'x'.repeat(schemaLimits.bytes) }],
    ['/$ref', { $ref: 'https://example.com/schema' }], ['/$ref', { $ref: '#' }], ['/$defs', { $defs: {} }], ['/$dynamicRef', { $dynamicRef: '#x' }], ['/$id', { $id: 'x' }], ['/pattern', { pattern: '(a+)+' }], ['/properties/a/pattern', { properties: { a: { pattern: 'x' } } }],
    ['/patternProperties', { patternProperties: { a: {} } }], ['/format', { format: 'regex' }], ['/unevaluatedProperties', { unevaluatedProperties: false }], ['/storableJson', { storableJson: 'any' }], ['/uniqueItems', { uniqueItems: true }], ['/uniqueItems', { uniqueItems: true, items: { type: 'object' } }],
    ['/maxLength', { maxLength: '1); process.exit(' }], ['/type', { type: 'text' }], ['/type', { type: [] }], ['/required', { required: ['a', 'a'] }], ['/multipleOf', { multipleOf: 0 }], ['/enum', { enum: [] }], ['/allOf', { allOf: [] }], ['/items', { items: [] }], ['/then', { then: {} }], ['/if', { if: {} }], ['/properties/toString', { properties: { toString: 1 } }], ['/constructor', { constructor: {} }],
  ])('%s is refused in %j', (path, schema) => {
    const found = paths(withSchema(schema))
    expect(found.some((one) => one.startsWith(`/entities/0/fields/x/schema${path}`))).toBe(true)
  })
})
