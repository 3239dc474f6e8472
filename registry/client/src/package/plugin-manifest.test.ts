import { limitTable } from '@opsflux/sdk'
import { describe, expect, it } from 'vitest'
import { writeJson } from './canonical-json.ts'
import { pluginManifestProblems, readPluginManifest } from './plugin-manifest.ts'
import { plainPlugin } from './testing.ts'

const paths = (change: object): string[] => pluginManifestProblems({ ...plainPlugin, ...change }).map((problem) => problem.path)
const greeting = plainPlugin.entities[0]
const withField = (name: string, field: unknown): object => ({ entities: [{ ...greeting, fields: { text: { kind: 'string' }, [name]: field } }] })
const withEntity = (change: object): object => ({ entities: [{ ...greeting, ...change }] })
const withStates = (change: object): object => withEntity({ states: { ...greeting?.states, ...change } })
const count = { name: 'count', method: 'GET', path: '/count', action: 'view', query: {}, body: {} }
const client = { entry: 'client/index.js', css: [], classes: [], integrity: { 'client/index.js': `sha384-${'A'.repeat(64)}` } }
const secret = { name: 'apiKey', reason: 'Of the weather service', required: true }
const withFetch = (more: object = {}): object => ({ capabilities: [{ name: 'http.fetch', reason: 'Reads the weather', required: false, ...more }] })
const menu = { id: 'list', label: 'menu.list', icon: 'hand', page: '/' }

describe('plugin.json', () => {
  it('is taken as it is when all is well', () => {
    expect(pluginManifestProblems(plainPlugin)).toEqual([])
    expect(readPluginManifest(writeJson(plainPlugin))).toEqual(plainPlugin)
  })

  it('may use every kind of field with its own options', () => {
    const fields = {
      a: { kind: 'string', required: true, maxLength: 20, pattern: '[A-Z]+', default: 'ABC', unique: true, index: true }, b: { kind: 'text' }, c: { kind: 'integer', min: 0, max: 9, default: 3 },
      d: { kind: 'decimal', precision: 10, scale: 2, default: '1.50' }, e: { kind: 'boolean', default: false }, f: { kind: 'date', default: '2026-01-31' },
      g: { kind: 'datetime', default: '2026-01-31T10:00:00Z' }, h: { kind: 'enum', values: ['I', 'II'], default: 'I' }, i: { kind: 'json', default: { a: [1] } },
      j: { kind: 'reference', entity: 'greeting' }, k: { kind: 'user' },
    }
    expect(paths(withEntity({ fields, display: 'a', search: ['a', 'b'] }))).toEqual([])
  })

  it.each<[string, string, object]>([
    ['/id', 'a reserved id', { id: 'modules' }],
    ['/id', 'upper case', { id: 'Hello' }],
    ['/version', 'no semver version', { version: '1' }],
    ['/publisher', 'a publisher that is none', { publisher: 'Hello Inc' }],
    ['/sdk', 'no range', { sdk: 'new' }],
    ['/name', 'a control character', { name: 'He\u0007llo' }],
    ['/extra', 'an unknown key', { extra: true }],
    ['/capabilities/0/name', 'an unknown capability', { capabilities: [{ name: 'files.write', reason: 'x', required: true }] }],
    ['/capabilities/1', 'a capability twice', { capabilities: [{ name: 'users.read', reason: 'x', required: true }, { name: 'users.read', reason: 'y', required: true }] }],
    ['/capabilities/0/hosts', 'hosts for something else', { capabilities: [{ name: 'users.read', reason: 'x', required: true, hosts: ['a.example.com'] }] }],
    ['/capabilities/0/hosts/0', 'an address for a host', withFetch({ hosts: ['10.0.0.1'] })],
    ['/capabilities/0/hosts/0', 'a single name for a host', withFetch({ hosts: ['localhost'] })],
    ['/capabilities/0/hosts/0', 'a port that does not exist', withFetch({ hosts: ['a.example.com:65536'] })],
    ['/capabilities/0/hosts/1', 'a host twice', withFetch({ hosts: ['a.example.com', 'a.example.com'] })],
    ['/capabilities/0/hosts', 'too many hosts', withFetch({ hosts: Array.from({ length: 51 }, (_, at) => `h${at}.example.com`) })],
    ['/secrets', 'secrets that nothing may use', { secrets: [secret] }],
    ['/secrets/0/name', 'a secret not in camelCase', { ...withFetch(), secrets: [{ ...secret, name: 'api-key' }] }],
    ['/secrets/0/reason', 'a secret without a reason', { ...withFetch(), secrets: [{ ...secret, reason: '' }] }],
    ['/secrets/0/reason', 'a reason that is too long', { ...withFetch(), secrets: [{ ...secret, reason: 'x'.repeat(301) }] }],
    ['/secrets/1', 'a secret twice', { ...withFetch(), secrets: [secret, { ...secret, reason: 'y' }] }],
    ['/secrets', 'too many secrets', { ...withFetch(), secrets: Array.from({ length: 21 }, (_, at) => ({ ...secret, name: `key${at}` })) }],
    ['/secrets/0/hosts', 'a secret for no host', { ...withFetch(), secrets: [{ ...secret, hosts: [] }] }],
    ['/secrets/0/hosts', 'a secret for hosts that cannot be reached', { capabilities: [{ name: 'secrets.read', reason: 'x', required: true }], secrets: [{ ...secret, hosts: ['a.example.com'] }] }],
    ['/secrets/0/hosts/1', 'a secret for a host not asked for', { ...withFetch({ hosts: ['*.example.com'] }), secrets: [{ ...secret, hosts: ['a.example.com', 'example.com'] }] }],
    ['/limits/callMs', 'a limit below the least', { limits: { callMs: limitTable.callMs.least - 1 } }],
    ['/limits/memoryMb', 'a limit above the most', { limits: { memoryMb: limitTable.memoryMb.most + 1 } }],
    ['/limits/memoryMb', 'a limit that is no number', { limits: { memoryMb: '256' } }],
    ['/limits/processes', 'a limit nobody knows', { limits: { processes: 1 } }],
    ['/client/classes/0', 'a class that ends its rule', { client: { ...client, classes: ['p-4}body{display:none'] } }],
    ['/client/entry', 'an entry that climbs', { client: { ...client, entry: 'client/../server/index.js' } }],
    ['/dependencies/hello-notes', 'itself', { dependencies: { 'hello-notes': '*' } }],
    ['/dependencies/other', 'no range', { dependencies: { other: 'x.y' } }],
    ['/entities/0/name', 'an entity not in camelCase', withEntity({ name: 'Greeting' })],
    ['/entities/0/name', 'SQL in a name', withEntity({ name: 'a; drop table b' })],
    ['/entities/1', 'an entity twice', { entities: [greeting, greeting] }],
    ['/entities/0/fields/createdAt', 'a system column', withField('createdAt', { kind: 'date' })],
    ['/entities/0/fields/tenantId', 'the tenant column', withField('tenantId', { kind: 'user' })],
    ['/entities/0/fields/state', 'the state column', withField('state', { kind: 'string' })],
    ['/entities/0/fields/snake_case', 'a field not in camelCase', withField('snake_case', { kind: 'string' })],
    ['/entities/0/fields/constructor', 'a name every object has', withField('constructor', { kind: 'string' })],
    ['/entities/0/fields/x/kind', 'an unknown kind', withField('x', { kind: 'money' })],
    ['/entities/0/fields/x/kind', 'a kind every object has', withField('x', { kind: 'toString' })],
    ['/entities/0/fields/x/min', 'an option of another kind', withField('x', { kind: 'string', min: 1 })],
    ['/entities/0/fields/x/values', 'an enumeration without values', withField('x', { kind: 'enum' })],
    ['/entities/0/fields/x/values/1', 'a value twice', withField('x', { kind: 'enum', values: ['a', 'a'] })],
    ['/entities/0/fields/x/default', 'a default out of range', withField('x', { kind: 'integer', max: 5, default: 6 })],
    ['/entities/0/fields/x/default', 'a default that is no choice', withField('x', { kind: 'enum', values: ['a'], default: 'b' })],
    ['/entities/0/fields/x/default', 'a null default', withField('x', { kind: 'string', default: null })],
    ['/entities/0/fields/x/min', 'min above max', withField('x', { kind: 'integer', min: 2, max: 1 })],
    ['/entities/0/fields/x/scale', 'scale above precision', withField('x', { kind: 'decimal', precision: 2, scale: 3 })],
    ['/entities/0/fields/x/pattern', 'a pattern that is none', withField('x', { kind: 'string', pattern: '(' })],
    ['/entities/0/fields/x/entity', 'a reference to nothing', withField('x', { kind: 'reference', entity: 'absent' })],
    ['/entities/0/display', 'a display field that is none', withEntity({ display: 'absent' })],
    ['/entities/0/search/0', 'search in a number', { entities: [{ ...greeting, fields: { times: { kind: 'integer' } }, search: ['times'] }] }],
    ['/entities/0/states/initial', 'an initial state that is none', withStates({ initial: 'new' })],
    ['/entities/0/states/transitions/send/to', 'a transition to nowhere', withStates({ transitions: { send: { from: 'draft', to: 'gone' } } })],
    ['/entities/0/states/transitions/send/from', 'a transition from nowhere', withStates({ transitions: { send: { from: ['draft', 'gone'], to: 'sent' } } })],
    ['/permissions/0/action', 'an unknown action', { permissions: [{ action: 'fly', scope: 'all' }] }],
    ['/permissions/0/roles/0', 'a role that is not given away', { permissions: [{ action: 'view', scope: 'all', roles: ['admin'] }] }],
    ['/permissions/1', 'a permission twice', { permissions: [{ action: 'view', scope: 'all' }, { action: 'view', scope: 'all', roles: ['user'] }] }],
    ['/menus', 'menus without pages', { menus: [menu] }],
    ['/menus/0/page', 'a page elsewhere', { client, menus: [{ ...menu, page: '//evil.example' }] }],
    ['/menus/1', 'a menu twice', { client, menus: [menu, menu] }],
    ['/hooks/absent', 'a hook on nothing', { hooks: { absent: ['beforeCreate'] } }],
    ['/hooks/greeting/0', 'an unknown event', { hooks: { greeting: ['afterwards'] } }],
    ['/hooks/greeting', 'a transition hook without states', { entities: [{ name: 'greeting', fields: greeting?.fields }], hooks: { greeting: ['beforeTransition'] } }],
    ['/server', 'hooks without code', { server: undefined }],
    ['/server', 'code in another place', { server: 'server/other.js' }],
    ['/routes/0/path', 'a route in the way of an entity', { routes: [{ ...count, path: '/greeting/count' }] }],
    ['/routes/0/path', 'a route out of the way', { routes: [{ ...count, path: '/../session' }] }],
    ['/routes/0/body', 'a body with GET', { routes: [{ ...count, body: { x: { kind: 'string' } } }] }],
    ['/routes/1/path', 'a path twice', { routes: [count, { ...count, name: 'other' }] }],
    ['/routes/1', 'a route name twice', { routes: [count, { ...count, path: '/other' }] }],
    ['/migrations', 'entities without tables', { migrations: [] }],
    ['/migrations/0/id', 'a path in a migration', { migrations: [{ id: '../0001-init', reversible: true }] }],
    ['/migrations/0/after', 'steps that are no yes or no', { migrations: [{ id: '0001-init', reversible: true, after: 'create index' }] }],
    ['/migrations/1/id', 'a gap in the numbers', { migrations: [{ id: '0001-init', reversible: true }, { id: '0003-more', reversible: true }] }],
    ['/client/entry', 'an entry elsewhere', { client: { ...client, entry: 'server/index.js' } }],
    ['/client/classes/0', 'a class with an address', { client: { ...client, classes: ['bg-[url(https://x.example)]'] } }],
    ['/client/classes/0', 'a class that is too long', { client: { ...client, classes: ['a'.repeat(201)] } }],
    ['/client/classes', 'too many classes', { client: { ...client, classes: Array.from({ length: 4_001 }, (_, at) => `p-${at}`) } }],
    ['/client/integrity/client~1index.js', 'another hash', { client: { ...client, integrity: { 'client/index.js': 'sha256-x' } } }],
    ['/locales', 'no English', { locales: ['fr'] }],
    ['/locales/0', 'an unknown language', { locales: ['tlh'] }],
  ])('%s is wrong for %s', (path, _case, change) => {
    expect(paths(change)).toContain(path)
  })

  it('takes a class list, dependencies and menus that are at their limits', () => {
    const classes = Array.from({ length: 4_000 }, (_, at) => `p-${at}`)
    expect(paths({ client: { ...client, classes: [...classes.slice(1), 'a'.repeat(200)] }, menus: [menu], dependencies: { 'other-notes': '^1.2.0 || 2' } })).toEqual([])
  })

  it('takes hosts, secrets and limits at their edges', () => {
    const hosts = ['*.example.com', 'example.com:8443', ...Array.from({ length: 48 }, (_, at) => `h${at}.example.org`)]
    const limits = Object.fromEntries(Object.entries(limitTable).map(([name, { most, least }], at) => [name, at % 2 ? most : least]))
    const secrets = [{ ...secret, hosts: ['*.example.com', 'a.b.example.com', 'example.com:8443'] }, ...Array.from({ length: 19 }, (_, at) => ({ ...secret, name: `key${at}`, reason: 'x'.repeat(300) }))]
    expect(paths({ ...withFetch({ hosts }), secrets, limits })).toEqual([])
    expect(paths({ ...withFetch(), secrets: [{ ...secret, hosts: ['any.example.net'] }] })).toEqual([])
    expect(paths({ capabilities: [{ name: 'secrets.read', reason: 'x', required: true }], secrets: [secret] })).toEqual([])
  })

  it('never fails on values of any other shape', () => {
    for (const value of [null, undefined, 1, 'x', [], {}, { entities: {} }, { ...plainPlugin, entities: [null], routes: [1], client: [] }]) expect(pluginManifestProblems(value).length).toBeGreaterThan(0)
    expect(pluginManifestProblems(JSON.parse(JSON.stringify(plainPlugin).replace('"text":', '"__proto__":'))).map((problem) => problem.path)).toContain('/entities/0/fields/__proto__')
  })
})
