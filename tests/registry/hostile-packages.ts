import { hash } from 'node:crypto'
import { gzip, writeTar } from '@opsflux/cli'
import { byPath, writeJson, type PackageContent } from '@opsflux/registry-client'
import { generateKeyPair, keyIdOf, publicKeyOf, signBytes } from '@opsflux/registry-metadata'
import { hostileArchives } from './hostile-archives.ts'
import type { HostilePackage } from './raw-archive.ts'

type Files = [path: string, bytes: Buffer][]
type Values = Record<string, unknown>
/** Everything a stranger could try on a genuine package. `privateKeyPem` is its publisher's: some attackers have it. */
export function hostilePackages(genuine: PackageContent, packed: Buffer, privateKeyPem: string): HostilePackage[] {
  return [...hostileArchives(genuine, packed), ...hostileSignatures(genuine, privateKeyPem), ...hostileManifests(genuine, privateKeyPem), ...hostileContents(genuine, privateKeyPem)]
}

const pack = (files: Files): Buffer => gzip(writeTar(files))
const filesOf = (genuine: PackageContent): Files => genuine.entries.map((path) => [path, genuine.read(path)])
const refused = (reason: string, name: string, bytes: Buffer): HostilePackage => ({ name, bytes, code: 'package-refused', reason })
const untrusted = (name: string, bytes: Buffer): HostilePackage => ({ name, bytes, code: 'untrusted-release' })
const changed = (files: Files, path: string, edit: (bytes: Buffer) => Buffer): Files => files.map(([name, bytes]) => [name, name === path ? edit(bytes) : bytes])
const json = (edit: (value: Values) => unknown) => (bytes: Buffer): Buffer => writeJson(edit(JSON.parse(bytes.toString()) as Values))
const text = (edit: (source: string) => string) => (bytes: Buffer): Buffer => Buffer.from(edit(bytes.toString()))

function hostileSignatures(genuine: PackageContent, privateKeyPem: string): HostilePackage[] {
  const files = filesOf(genuine)
  const stranger = generateKeyPair()
  const { id, publisher } = genuine.manifest
  const own = keyIdOf(publicKeyOf(privateKeyPem))
  const signature = (value: unknown): Buffer => pack(changed(files, 'manifest.sig', () => (Buffer.isBuffer(value) ? value : writeJson(value))))
  const named = (change: Values): Buffer => pack(signed(genuine, changed(files, 'plugin.json', json((value) => ({ ...value, ...change }))), privateKeyPem, (manifest) => ({ ...manifest, ...change })))
  return [
    untrusted('signed with a key of nobody we know', pack(signed(genuine, files, stranger.privateKeyPem))),
    untrusted('signed with a key of nobody we know, in the name of the right one', signature({ keyid: own, sig: signBytes(stranger.privateKeyPem, genuine.manifestBytes) })),
    untrusted('signed rightly, in the name of another key', signature({ keyid: stranger.keyid, sig: signBytes(privateKeyPem, genuine.manifestBytes) })),
    untrusted('with a signature over other bytes', signature({ keyid: own, sig: signBytes(privateKeyPem, Buffer.from('other bytes')) })),
    untrusted('with a signature over the hash of the manifest', signature({ keyid: own, sig: signBytes(privateKeyPem, Buffer.from(hash('sha256', genuine.manifestBytes, 'hex'))) })),
    untrusted('with a signature of zeros', signature({ keyid: own, sig: '0'.repeat(128) })),
    untrusted('with the signature of another manifest', pack(signed(genuine, files, privateKeyPem).map(([path, bytes]) => [path, path === 'manifest.sig' ? writeJson({ keyid: own, sig: signBytes(privateKeyPem, writeJson({ ...genuine.manifest, version: '9.9.9' })) }) : bytes]))),
    untrusted('without a signature', pack(files.filter(([path]) => path !== 'manifest.sig'))),
    untrusted('of an unknown publisher', named({ publisher: 'nobody' })),
    untrusted('with an id outside its publisher\'s prefix', named({ id: 'acme-reports', publisher })),
    untrusted('with an id that only begins like its publisher\'s prefix', named({ id: `${id.split('-')[0] ?? ''}x-reports` })),
    refused('signature-invalid', 'with a signature that is too short', signature({ keyid: own, sig: 'ab' })),
    refused('signature-invalid', 'with a signature in capitals', signature({ keyid: own, sig: 'A'.repeat(128) })),
    refused('signature-invalid', 'with a signature that is not JSON', signature(Buffer.from('-----BEGIN SIGNATURE-----'))),
    refused('signature-invalid', 'with two signatures', signature([{ keyid: own, sig: '0'.repeat(128) }])),
    refused('signature-invalid', 'with more than a signature', signature({ keyid: own, sig: '0'.repeat(128), alg: 'none' })),
    refused('file-too-large', 'with a signature of 300 KB', signature({ keyid: own, sig: '0'.repeat(300_000) })),
  ]
}

function hostileManifests(genuine: PackageContent, privateKeyPem: string): HostilePackage[] {
  const files = filesOf(genuine)
  const without = (path: string): Files => files.filter(([name]) => name !== path)
  const add = (path: string, source = 'x'): Files => [...files, [path, Buffer.from(source)]]
  const listed = (edit: (list: { path: string; size: number; sha256: string }[]) => object[]): Buffer => pack(signed(genuine, files, privateKeyPem, (manifest) => ({ ...manifest, files: edit(genuine.manifest.files) })))
  const manifest = (edit: (bytes: Buffer) => Buffer): Buffer => pack(changed(files, 'manifest.json', edit))
  const first = (change: object) => (list: { path: string; size: number; sha256: string }[]): object[] => list.map((file, at) => (at === 0 ? { ...file, ...change } : file))
  return [
    refused('manifest-missing', 'without manifest.json', pack(without('manifest.json'))),
    refused('manifest-invalid', 'with a manifest that is not JSON', manifest(() => Buffer.from('{'))),
    refused('manifest-invalid', 'with an empty manifest', manifest(() => Buffer.alloc(0))),
    refused('manifest-invalid', 'with a manifest of null', manifest(() => Buffer.from('null\n'))),
    refused('manifest-invalid', 'with a manifest that begins with a byte order mark', manifest((bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]))),
    refused('manifest-invalid', 'with a manifest that is not UTF-8', manifest((bytes) => Buffer.concat([bytes.subarray(0, -3), Buffer.from([0xff]), bytes.subarray(-3)]))),
    refused('manifest-invalid', 'with a manifest in UTF-16', manifest((bytes) => Buffer.from(bytes.toString(), 'utf16le'))),
    refused('manifest-invalid', 'with an id twice in its manifest', manifest(text((source) => source.replace('"id":', '"id": "other-id",\n  "id":')))),
    refused('manifest-invalid', 'with an id twice in its manifest, once escaped', manifest(text((source) => source.replace('"id":', '"\\u0069d": "other-id",\n  "id":')))),
    refused('manifest-invalid', 'with comments in its manifest', manifest(text((source) => source.replace('{', '{ // a comment\n')))),
    refused('manifest-invalid', 'with other white space in its manifest', manifest(text((source) => source.replaceAll('\n', '\r\n')))),
    refused('manifest-invalid', 'with brackets in its manifest', manifest(() => Buffer.alloc(200_000, '['))),
    refused('manifest-invalid', 'with a prototype in its manifest', manifest(text((source) => source.replace('"id":', '"__proto__": { "polluted": true },\n  "id":')))),
    refused('manifest-invalid', 'with a constructor in its manifest', manifest(json((value) => ({ ...value, constructor: { prototype: {} } })))),
    refused('file-too-large', 'with a manifest larger than 256 KB', manifest((bytes) => Buffer.concat([bytes, Buffer.alloc(262_145, ' ')]))),
    refused('manifest-invalid', 'with a manifest of another format', manifest(json((value) => ({ ...value, formatVersion: 2 })))),
    refused('manifest-invalid', 'with a version that climbs', manifest(json((value) => ({ ...value, version: '../1.0.0' })))),
    refused('manifest-invalid', 'with an id that climbs', manifest(json((value) => ({ ...value, id: '../../outside' })))),
    refused('manifest-invalid', 'that lists a path that climbs', listed(first({ path: '../../outside' }))),
    refused('manifest-invalid', 'that lists a file twice', listed((list) => [...list.slice(0, 1), ...list])),
    refused('manifest-invalid', 'that lists its files out of order', listed((list) => list.toReversed())),
    refused('manifest-invalid', 'that lists its own manifest', listed((list) => [...list, { path: 'manifest.json', size: 0, sha256: '0'.repeat(64) }])),
    refused('manifest-invalid', 'that lists a size below zero', listed(first({ size: -1 }))),
    refused('file-altered', 'that lists another hash', listed(first({ sha256: '0'.repeat(64) }))),
    refused('file-altered', 'that lists another size', listed((list) => list.map((file, at) => (at === 0 ? { ...file, size: file.size + 1 } : file)))),
    refused('file-missing', 'that lists a file it has not', listed((list) => [...list, { path: 'zz.md', size: 0, sha256: '0'.repeat(64) }])),
    refused('file-unlisted', 'that does not list a file it has', listed((list) => list.filter(({ path }) => path !== 'README.md'))),
    refused('file-unlisted', 'with an unlisted file', pack(add('server/extra.js'))),
    refused('file-missing', 'with a listed file taken out', pack(without('README.md'))),
    refused('file-altered', 'with a listed file altered', pack(changed(files, 'server/index.js', (bytes) => Buffer.concat([bytes, Buffer.from('\n')])))),
    refused('file-altered', 'with a listed file altered to the same length', pack(changed(files, 'server/index.js', (bytes) => Buffer.from(bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)))))),
    refused('path-climbing', 'with a path that climbs and is listed', pack(signed(genuine, add('client/../../outside.txt'), privateKeyPem))),
    ...(['id', 'version', 'publisher', 'sdk'] as const).map((key) => refused('plugin-mismatch', `with another ${key} in its manifest than in its plugin.json`,
      pack(signed(genuine, files, privateKeyPem, (value) => ({ ...value, [key]: key === 'version' ? '9.9.9' : key === 'sdk' ? '^9.0.0' : 'other-name' }))))),
  ]
}

/** Listed and signed as its publisher would: what is in the files is wrong. */
function hostileContents(genuine: PackageContent, privateKeyPem: string): HostilePackage[] {
  const files = filesOf(genuine)
  const published = (content: Files, edit?: (manifest: Values) => object): Buffer => pack(signed(genuine, content, privateKeyPem, edit))
  const file = (path: string, source: string | Buffer): Buffer => published([...files.filter(([name]) => name !== path), [path, Buffer.from(source)]])
  const plugin = (edit: (value: Values) => unknown): Buffer => published(changed(files, 'plugin.json', json(edit)))
  const source = (edit: (source: string) => string): Buffer => published(changed(files, 'plugin.json', text(edit)))
  const client = (edit: (client: Values) => object): Buffer => plugin((value) => ({ ...value, client: edit(value['client'] as Values) }))
  const [init = ''] = genuine.entries.filter((path) => path.endsWith('.up.sql'))
  const [page = ''] = genuine.entries.filter((path) => path.startsWith('client/'))
  const sql = (statement: string): Buffer => published(changed(files, init, (bytes) => Buffer.concat([bytes, Buffer.from(`\n;${statement}`)])))
  const icon = (content: string): Buffer => file('icon.svg', `<svg xmlns="http://www.w3.org/2000/svg">${content}</svg>`)
  const fetch = { name: 'http.fetch', reason: 'Sends', required: true }
  return [
    refused('plugin-missing', 'without plugin.json', published(files.filter(([path]) => path !== 'plugin.json'))),
    refused('plugin-invalid', 'with a plugin.json that is not JSON', file('plugin.json', 'export default {}')),
    refused('plugin-invalid', 'with a name twice in its plugin.json', source((value) => value.replace('"name":', '"name": "Other",\n  "name":'))),
    refused('plugin-invalid', 'with brackets in its plugin.json', file('plugin.json', Buffer.alloc(2 ** 20, '['))),
    refused('plugin-invalid', 'with a prototype in its plugin.json', source((value) => value.replace('"name":', '"__proto__": {},\n  "name":'))),
    refused('file-too-large', 'with a plugin.json larger than 2 MiB', plugin((value) => ({ ...value, summary: 'x'.repeat(2 * 2 ** 20) }))),
    refused('plugin-invalid', 'with an id of the platform', published(changed(files, 'plugin.json', json((value) => ({ ...value, id: 'modules' }))), (manifest) => ({ ...manifest, id: 'modules' }))),
    refused('plugin-invalid', 'with its server code in another place', plugin((value) => ({ ...value, server: 'client/index.js' }))),
    refused('plugin-invalid', 'with its server code outside', plugin((value) => ({ ...value, server: '../../outside.js' }))),
    refused('plugin-invalid', 'with a capability nobody knows', plugin((value) => ({ ...value, capabilities: [{ ...fetch, name: 'files.write' }] }))),
    refused('plugin-invalid', 'that wants to reach an address', plugin((value) => ({ ...value, capabilities: [{ ...fetch, hosts: ['169.254.169.254'] }] }))),
    refused('plugin-invalid', 'that wants to reach a single name', plugin((value) => ({ ...value, capabilities: [{ ...fetch, hosts: ['localhost'] }] }))),
    refused('plugin-invalid', 'that wants to reach everything', plugin((value) => ({ ...value, capabilities: [{ ...fetch, hosts: ['*'] }] }))),
    refused('plugin-invalid', 'that wants to reach too much', plugin((value) => ({ ...value, capabilities: [{ ...fetch, hosts: Array.from({ length: 51 }, (_, at) => `h${at}.example.com`) }] }))),
    refused('plugin-invalid', 'with a secret that it cannot use', plugin((value) => ({ ...value, capabilities: [], secrets: [{ name: 'apiKey', reason: 'Signs', required: true }] }))),
    refused('plugin-invalid', 'with a secret for a host that it does not ask for', plugin((value) => ({ ...value, capabilities: [{ ...fetch, hosts: ['a.example.com'] }], secrets: [{ name: 'apiKey', reason: 'Signs', required: true, hosts: ['b.example.com'] }] }))),
    refused('plugin-invalid', 'that asks for more memory than there may be', plugin((value) => ({ ...value, limits: { memoryMb: 1_000_000 } }))),
    refused('plugin-invalid', 'that asks for no limit', plugin((value) => ({ ...value, limits: { callMs: null } }))),
    refused('plugin-invalid', 'that asks for a limit nobody knows', plugin((value) => ({ ...value, limits: { processes: 5 } }))),
    refused('plugin-invalid', 'with SQL for the name of an entity', plugin((value) => ({ ...value, entities: [{ name: 'a"; drop table b; --', fields: { x: { kind: 'string' } } }] }))),
    refused('plugin-invalid', 'with the tenant for a field', plugin((value) => ({ ...value, entities: (value['entities'] as Values[]).map((entity) => ({ ...entity, fields: { ...entity['fields'] as object, tenantId: { kind: 'user' } } })) }))),
    refused('plugin-invalid', 'with a gap in its migrations', plugin((value) => ({ ...value, migrations: [...value['migrations'] as object[], { id: '0099-later', reversible: false }] }))),
    refused('plugin-invalid', 'with a migration that climbs', plugin((value) => ({ ...value, migrations: [{ id: '../0001-init', reversible: true }] }))),
    refused('plugin-invalid', 'with a class that loads something', client((value) => ({ ...value, classes: ['bg-[url(https://example.com/x)]'] }))),
    refused('plugin-invalid', 'with a class that ends its rule', client((value) => ({ ...value, classes: ['p-4}body{display:none'] }))),
    refused('plugin-invalid', 'with its client\'s entry outside', client((value) => ({ ...value, entry: 'client/../../outside.js' }))),
    refused('plugin-invalid', 'with an entry that no hash protects', client((value) => ({ ...value, integrity: Object.fromEntries(Object.entries(value['integrity'] as object).filter(([path]) => path !== value['entry'])) }))),
    refused('file-altered', 'with a client file of another hash', client((value) => ({ ...value, integrity: { ...value['integrity'] as object, [page]: `sha384-${'A'.repeat(64)}` } }))),
    refused('file-missing', 'without the list of what it is made of', published(files.filter(([path]) => path !== 'sbom.json'))),
    refused('file-missing', 'without a migration it declares', published(files.filter(([path]) => path !== init))),
    refused('file-unexpected', 'with a migration it does not declare', file('migrations/0099-later.up.sql', 'select 1')),
    refused('file-unexpected', 'with code it does not declare', file('server/other.js', 'x')),
    refused('file-unexpected', 'with a file that tools obey', file('package.json', '{"scripts":{"postinstall":"true"}}')),
    refused('plugin-invalid', 'with messages that are a list', file('locales/en.json', '[]')),
    refused('plugin-invalid', 'with messages within messages', file('locales/en.json', '{"a":{"b":"c"}}')),
    refused('plugin-invalid', 'with messages that are not UTF-8', file('locales/en.json', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x22, 0x22, 0x7d]))),
    refused('file-too-large', 'with messages of 2 MB', file('locales/en.json', `{"a":"${'x'.repeat(2 * 2 ** 20)}"}`)),
    ...['<script>1</script>', '<s:script xmlns:s="http://www.w3.org/2000/svg">1</s:script>', '<g onload="1"/>', '<a href="javascript:1"/>', '<image href="https://example.com/x.png"/>', '<style>@import "x"</style>', '<foreignObject/>', '<!ENTITY a "b">']
      .map((content) => refused('icon-unsafe', `with an icon that is more than a drawing: ${content}`, icon(content))),
    refused('icon-unsafe', 'with an icon that is a page', file('icon.svg', '<html><body/></html>')),
    ...['copy (select 1) to program \'id\'', 'set role postgres', 'do $$ begin end $$', 'commit', 'create extension dblink', 'select pg_read_file(\'/etc/passwd\')', 'select * from opsflux.installation',
      'select (\'0\'::float8).pg_sleep', 'create function f() returns int language sql as \'select 1\'', 'notify opsflux_modules'].map((statement) => refused('migration-forbidden', `with a migration that says: ${statement}`, sql(statement))),
    refused('migration-forbidden', 'with a migration that is not SQL', sql('drop everything')),
    refused('migration-forbidden', 'with a migration that goes on behind a NUL', sql('select 1\0; drop schema opsflux')),
    refused('migration-forbidden', 'with a migration that is not UTF-8', published(changed(files, init, (bytes) => Buffer.concat([bytes, Buffer.from([0x2d, 0x2d, 0xff])])))),
    refused('file-too-large', 'with a migration of 100 KB', sql(`select '${'x'.repeat(100_000)}'`)),
  ]
}

/** The files with a manifest that lists them, signed. */
function signed(genuine: PackageContent, files: Files, privateKeyPem: string, edit: (manifest: Values) => object = (manifest) => manifest): Files {
  const content = files.filter(([path]) => path !== 'manifest.json' && path !== 'manifest.sig')
  const listed = content.map(([path, bytes]) => ({ path, size: bytes.length, sha256: hash('sha256', bytes, 'hex') })).toSorted(byPath)
  const manifest = writeJson(edit({ ...genuine.manifest, files: listed }))
  const signature = writeJson({ keyid: keyIdOf(publicKeyOf(privateKeyPem)), sig: signBytes(privateKeyPem, manifest) })
  return [...content, ['manifest.json', manifest], ['manifest.sig', signature]]
}
