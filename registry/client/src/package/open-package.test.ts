import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { generateKeyPair, signBytes } from '@opsflux/registry-metadata'
import { isOpsFluxError } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeJson } from './canonical-json.ts'
import type { PackageLimits } from './limits.ts'
import { openPackage } from './open-package.ts'
import type { RefusalReason } from './refusal.ts'
import { checkSignature } from './signature.ts'
import { entriesOf, goodFiles, header, manifestFor, plainPlugin, tar, temporaryFolder, zip, type TestEntry } from './testing.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function reasonOf(bytes: Uint8Array, limits: Partial<PackageLimits> = {}): Promise<unknown> {
  const path = await folder.save('package.tgz', bytes)
  return openPackage(path, limits).then(() => 'opened', (error: unknown) => (isOpsFluxError(error) && error.code === 'package-refused' ? error.data.reason : error))
}

const file = (path: string | Buffer, more: Partial<TestEntry> = {}): TestEntry => ({ path, bytes: Buffer.from('x'), ...more })
const features = { audit: true, comments: false, attachments: false, versions: false, search: false, softDelete: false, customFields: false }
const steppingPlugin = { ...plainPlugin, sdk: '^1.1.0', entities: plainPlugin.entities.map((entity) => ({ ...entity, features })), migrations: [{ id: '0001-init', reversible: true, after: true }] }
/** With statements that run after its migration; undefined leaves their file out. */
function withSteps(sql?: string): Buffer {
  const files = goodFiles(steppingPlugin)
  if (sql !== undefined) files.set('migrations/0001-init.after.sql', Buffer.from(sql))
  return zip(tar(entriesOf(files, { ...manifestFor(files), sdk: '^1.1.0' })))
}
const withFiles = (change: (files: Map<string, Buffer>) => unknown): Buffer => {
  const files = goodFiles()
  change(files)
  return zip(tar(entriesOf(files)))
}
const withManifest = (change: object): Buffer => zip(tar(entriesOf(goodFiles(), { ...manifestFor(goodFiles()), ...change })))
const withEntry = (...more: TestEntry[]): Buffer => zip(tar([...entriesOf(), ...more]))
const good = zip(tar(entriesOf()))
const archive = tar(entriesOf())

describe('a good package', () => {
  it('opens with its digest, its manifests and its files', async () => {
    const opened = await openPackage(await folder.save('good.tgz', good))
    expect(opened).toMatchObject({ size: good.length, manifest: manifestFor(goodFiles()), plugin: plainPlugin })
    expect(opened.digest).toMatch(/^[0-9a-f]{64}$/)
    expect(opened.entries).toEqual([...goodFiles().keys(), 'manifest.json'].toSorted())
    expect(opened.text('README.md')).toBe('# Hello\n')
    expect(() => opened.read('absent')).toThrow(/no file/)
  })

  it('may carry folders that hold files, NUL as file type, and the padding of a tar record', async () => {
    const entries = [{ path: 'server/', type: '5', mode: '0000755\0' }, ...entriesOf().map((entry) => ({ ...entry, type: '\0' }))]
    expect(await reasonOf(zip(tar(entries, Buffer.alloc(1024 + 18 * 512))))).toBe('opened')
  })

  it('may have steps that run after a migration', async () => {
    const opened = await openPackage(await folder.save('steps.tgz', withSteps('create index concurrently a on greeting (id)')))
    expect(opened.plugin.migrations).toEqual(steppingPlugin.migrations)
  })

  it('may split a long path into prefix and name', async () => {
    const path = `client/${'long-'.repeat(18)}/${'name-'.repeat(15)}.js`
    const files = goodFiles({ ...plainPlugin, client: { entry: path, css: [], classes: [], integrity: { [path]: `sha384-${'A'.repeat(64)}` } } }).set(path, Buffer.from('x'))
    const entries = entriesOf(files).map((entry) => (entry.path === path ? { ...entry, path: path.slice(98), prefix: path.slice(0, 97) } : entry))
    expect(await reasonOf(zip(tar(entries)))).toBe('file-altered')
  })
})

describe('a package is refused for its envelope', () => {
  it.each<[RefusalReason, string, () => Buffer]>([
    ['not-gzip', 'a plain tar', () => archive],
    ['not-gzip', 'nothing at all', () => Buffer.alloc(0)],
    ['gzip-damaged', 'a name in the gzip header', () => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 2, 3, 0x61, 0]), deflateRawSync(archive), good.subarray(-8)])],
    ['gzip-damaged', 'a wrong checksum of the whole', () => Buffer.concat([good.subarray(0, -8), Buffer.alloc(4, 1), good.subarray(-4)])],
    ['gzip-damaged', 'a wrong length of the whole', () => Buffer.concat([good.subarray(0, -4), Buffer.alloc(4, 1)])],
    ['gzip-damaged', 'broken compressed data', () => Buffer.concat([good.subarray(0, 10), Buffer.alloc(40, 0xff), good.subarray(50)])],
    ['truncated-archive', 'a file cut in the middle', () => good.subarray(0, good.length / 2)],
    ['truncated-archive', 'a missing gzip trailer', () => good.subarray(0, -3)],
    ['second-gzip-member', 'a second gzip member', () => Buffer.concat([good, gzipSync(archive)])],
    ['trailing-bytes', 'bytes behind the end', () => Buffer.concat([good, Buffer.from('more')])],
    ['truncated-archive', 'an archive without end', () => zip(archive.subarray(0, -1024))],
    ['truncated-archive', 'an archive with half an end', () => zip(archive.subarray(0, -512))],
    ['truncated-archive', 'a body cut off', () => zip(archive.subarray(0, 700))],
    ['data-after-end', 'entries after the end', () => zip(Buffer.concat([archive, tar([file('late')])]))],
    ['data-after-end', 'an entry after one end block', () => zip(Buffer.concat([archive.subarray(0, -512), tar([file('late')])]))],
    ['data-after-end', 'endless padding', () => zip(tar(entriesOf(), Buffer.alloc(1024 + 19 * 512)))],
  ])('%s: %s', async (reason, _case, make) => {
    expect(await reasonOf(make())).toBe(reason)
  })

  it('not-a-file: a folder, and a path that leads nowhere', async () => {
    await expect(openPackage(folder.path)).rejects.toMatchObject({ code: 'package-refused', data: { reason: 'not-a-file' } })
    await expect(openPackage(join(folder.path, 'absent.tgz'))).rejects.toMatchObject({ data: { reason: 'not-a-file' } })
  })

  it('opens through a link of the reader’s own, which says nothing about the package', async () => {
    await symlink(await folder.save('real.tgz', good), join(folder.path, 'link.tgz'))
    expect((await openPackage(join(folder.path, 'link.tgz'))).plugin.id).toBe('hello-notes')
  })
})

describe('a package is refused for a header', () => {
  it.each<[RefusalReason, string, Partial<TestEntry>]>([
    ['entry-type', 'a hard link', { type: '1', linkName: '/etc/passwd' }],
    ['entry-type', 'a symbolic link', { type: '2', linkName: '../../etc/passwd' }],
    ['entry-type', 'a character device', { type: '3' }],
    ['entry-type', 'a block device', { type: '4' }],
    ['entry-type', 'a pipe', { type: '6' }],
    ['entry-type', 'a contiguous file', { type: '7' }],
    ['entry-type', 'a pax header', { type: 'x' }],
    ['entry-type', 'a global pax header', { type: 'g' }],
    ['entry-type', 'a GNU long name', { type: 'L' }],
    ['entry-type', 'a GNU long link', { type: 'K' }],
    ['entry-type', 'a GNU sparse file', { type: 'S' }],
    ['entry-type', 'an unknown type', { type: 'Z' }],
    ['bad-checksum', 'a wrong checksum', { checksum: '000001\0 ' }],
    ['bad-number', 'a checksum that is no number', { checksum: 'abcdef\0 ' }],
    ['not-ustar', 'the GNU dialect', { magic: 'ustar  \0' }],
    ['not-ustar', 'the v7 dialect', { magic: '\0\0\0\0\0\0\0\0' }],
    ['bad-number', 'a base-256 size', { size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) }],
    ['bad-number', 'a negative size', { size: '-0000000001\0' }],
    ['bad-number', 'digits that are not octal', { size: '00000000009\0' }],
    ['bad-number', 'an empty size', { size: Buffer.alloc(12) }],
    ['bad-number', 'a size without end', { size: '000000000001' }],
    ['bad-header', 'a set-user-id bit', { mode: '0004755\0' }],
    ['bad-header', 'a file with a link target', { linkName: 'elsewhere' }],
    ['bad-header', 'bytes in the padding', { padding: Buffer.alloc(511, 1) }],
    ['bad-header', 'a folder with a body', { type: '5', path: 'folder/' }],
  ])('%s: %s', async (reason, _case, more) => {
    expect(await reasonOf(withEntry(file('extra', more)))).toBe(reason)
  })

  it('a size that disagrees with the body, either way', async () => {
    expect(await reasonOf(withEntry(file('extra', { size: '00000002000\0' })))).toBe('truncated-archive')
    expect(await reasonOf(withEntry(file('extra', { size: '00000000000\0' })))).toBe('bad-number')
  })

  it('path-control-character: a name that goes on after a NUL', async () => {
    expect(await reasonOf(withEntry(file(Buffer.from('README.md\0.exe'))))).toBe('path-control-character')
  })
})

describe('a package is refused for a path', () => {
  const deep = Array.from({ length: 17 }, () => 'a').join('/')
  it.each<[RefusalReason, string | Buffer]>([
    ['path-climbing', '../evil'], ['path-climbing', 'client/../../evil'], ['path-climbing', './README'], ['path-climbing', 'client/..'], ['path-climbing', 'client/\uff0e\uff0e/x'],
    ['path-absolute', '/etc/passwd'], ['path-drive', 'C:evil'], ['path-drive', 'c:/evil'], ['path-backslash', 'client\\..\\evil'], ['path-backslash', 'client\uff3cevil'],
    ['path-empty', ''], ['path-empty', 'client//x'], ['path-empty', 'client/'],
    ['path-control-character', 'a\nb'], ['path-control-character', 'a\u001bb'], ['path-control-character', 'a\u202eb'], ['path-control-character', 'a\u200bb'], ['path-control-character', 'a\u0085b'],
    ['path-not-normalised', 'cafe\u0301.js'], ['path-not-utf8', Buffer.from([0x61, 0xff, 0xfe])], ['path-not-utf8', Buffer.from([0xc0, 0xaf])],
    ['path-trailing-dot-or-space', 'client/x.'], ['path-trailing-dot-or-space', 'client/x '], ['path-trailing-dot-or-space', 'client./x'],
    ['path-reserved-name', 'client/con'], ['path-reserved-name', 'NUL.txt'], ['path-reserved-name', 'com1.js'], ['path-reserved-name', 'LPT9/x'], ['path-reserved-name', '\uff23\uff2f\uff2e'],
    ['path-character', 'README.md:stream'], ['path-character', 'a*b'], ['path-too-deep', deep],
  ])('%s: %j', async (reason, path) => {
    expect(await reasonOf(withEntry(file(path)))).toBe(reason)
  })

  it('path-too-long: a prefix and a name of more than 240 bytes', async () => {
    expect(await reasonOf(withEntry(file('b'.repeat(100), { prefix: 'a'.repeat(140) })))).toBe('path-too-long')
  })

  it('duplicate-entry, case-collision, file-as-folder, empty-folder', async () => {
    expect(await reasonOf(withEntry(file('README.md')))).toBe('duplicate-entry')
    expect(await reasonOf(withEntry(file('readme.MD')))).toBe('case-collision')
    expect(await reasonOf(withEntry(file('SERVER/other.js')))).toBe('case-collision')
    expect(await reasonOf(withEntry(file('stra\u00dfe'), file('STRASSE')))).toBe('case-collision')
    expect(await reasonOf(withEntry(file('\ufb01le'), file('file')))).toBe('case-collision')
    expect(await reasonOf(withEntry(file('README.md/inside')))).toBe('file-as-folder')
    expect(await reasonOf(withEntry(file('server')))).toBe('file-as-folder')
    expect(await reasonOf(withEntry({ path: 'README.md/', type: '5' }))).toBe('file-as-folder')
    expect(await reasonOf(withEntry({ path: 'empty/', type: '5' }))).toBe('empty-folder')
    expect(await reasonOf(withEntry({ path: 'server/', type: '5' }, { path: 'server/', type: '5' }))).toBe('duplicate-entry')
  })

  it('shows a hostile name escaped', async () => {
    const path = await folder.save('package.tgz', withEntry(file('a\u001b[31mb')))
    await expect(openPackage(path)).rejects.toMatchObject({ message: expect.stringContaining('"a\\u{1b}[31mb"'), data: { entry: 'a\\u{1b}[31mb' } })
    await expect(openPackage(await folder.save('package.tgz', withEntry(file('a\u001bb', { checksum: 'none\0   ' }))))).rejects.toThrow(/"a\\u\{1b\}b"/)
  })
})

describe('a package is refused for its content', () => {
  it.each<[RefusalReason, string, () => Buffer]>([
    ['manifest-missing', 'no manifest.json', () => zip(tar(entriesOf().filter((entry) => entry.path !== 'manifest.json')))],
    ['manifest-invalid', 'no JSON', () => zip(tar(entriesOf(goodFiles(), Buffer.from('{'))))],
    ['manifest-invalid', 'a key twice', () => zip(tar(entriesOf(goodFiles(), Buffer.from(writeJson(manifestFor(goodFiles())).toString().replace('"id": "hello-notes"', '"id": "evil-notes",\n  "id": "hello-notes"')))))],
    ['manifest-invalid', 'an unknown key', () => withManifest({ extra: 1 })],
    ['manifest-invalid', 'a version that is none', () => withManifest({ version: '1.0' })],
    ['manifest-invalid', 'a version with build metadata', () => withManifest({ version: '1.0.0+1' })],
    ['manifest-invalid', 'another format', () => withManifest({ formatVersion: 2 })],
    ['manifest-invalid', 'files out of order', () => withManifest({ files: manifestFor(goodFiles()).files.toReversed() })],
    ['manifest-invalid', 'a listed path that climbs', () => withManifest({ files: [{ path: '../evil', size: 0, sha256: '0'.repeat(64) }] })],
    ['manifest-invalid', 'the manifest listing itself', () => withManifest({ files: [{ path: 'manifest.json', size: 0, sha256: '0'.repeat(64) }] })],
    ['file-unlisted', 'a file added', () => withEntry(file('server/extra.js'))],
    ['file-missing', 'a file left out', () => zip(tar(entriesOf().filter((entry) => entry.path !== 'README.md')))],
    ['file-altered', 'a byte changed', () => zip(tar(entriesOf().map((entry) => (entry.path === 'server/index.js' ? { ...entry, bytes: Buffer.from('export default [ ]\n') } : entry))))],
    ['file-altered', 'a byte added', () => zip(tar(entriesOf().map((entry) => (entry.path === 'README.md' ? { ...entry, bytes: Buffer.from('# Hello!\n') } : entry))))],
    ['plugin-missing', 'no plugin.json', () => withFiles((files) => files.delete('plugin.json'))],
    ['plugin-invalid', 'a plugin.json that is not valid', () => withFiles((files) => files.set('plugin.json', writeJson({ ...plainPlugin, hooks: { absent: ['beforeCreate'] } })))],
    ['plugin-mismatch', 'another id', () => withFiles((files) => files.set('plugin.json', writeJson({ ...plainPlugin, id: 'other-notes' })))],
    ['plugin-mismatch', 'another version', () => withFiles((files) => files.set('plugin.json', writeJson({ ...plainPlugin, version: '1.0.1' })))],
    ['file-missing', 'no SBOM', () => withFiles((files) => files.delete('sbom.json'))],
    ['file-missing', 'a declared migration without file', () => withFiles((files) => files.delete('migrations/0001-init.down.sql'))],
    ['file-unexpected', 'a migration nobody declared', () => withFiles((files) => files.set('migrations/0002-more.up.sql', Buffer.from('x')))],
    ['file-missing', 'declared steps after a migration without file', () => withSteps()],
    ['file-unexpected', 'steps after a migration that nobody declared', () => withFiles((files) => files.set('migrations/0001-init.after.sql', Buffer.from('')))],
    ['migration-forbidden', 'steps after a migration that hold the table', () => withSteps('create index a on greeting (id)')],
    ['migration-forbidden', 'steps after a migration within it', () => withFiles((files) => files.set('migrations/0001-init.up.sql', Buffer.from('create index concurrently a on greeting (id)')))],
    ['file-unexpected', 'code nobody declared', () => withFiles((files) => files.set('server/other.js', Buffer.from('x')))],
    ['plugin-invalid', 'a locale that is no table', () => withFiles((files) => files.set('locales/en.json', Buffer.from('[]')))],
    ['icon-unsafe', 'an icon with a script', () => withFiles((files) => files.set('icon.svg', Buffer.from('<svg><script>1</script></svg>')))],
    ['icon-unsafe', 'an icon that fetches', () => withFiles((files) => files.set('icon.svg', Buffer.from('<svg><image href="https://x.example/"/></svg>')))],
    ['signature-invalid', 'a signature that is no signature', () => withEntry({ path: 'manifest.sig', bytes: writeJson({ keyid: 'x', sig: 'y' }) })],
  ])('%s: %s', async (reason, _case, make) => {
    expect(await reasonOf(make())).toBe(reason)
  })

  it('tells a signature of the publisher from any other', async () => {
    const [publisher, stranger] = [generateKeyPair(), generateKeyPair()]
    const signedBy = async (key: typeof publisher) => {
      const bytes = writeJson({ keyid: key.keyid, sig: signBytes(key.privateKeyPem, writeJson(manifestFor(goodFiles()))) })
      return openPackage(await folder.save('signed.tgz', withEntry({ path: 'manifest.sig', bytes })))
    }
    const trusted = [{ keyid: publisher.keyid, publicKey: publisher.publicKeyPem }]
    expect(checkSignature(await signedBy(publisher), trusted).keyid).toBe(publisher.keyid)
    expect(() => checkSignature({ manifestBytes: Buffer.from('x') }, trusted)).toThrow(/not signed/)
    const other = await signedBy(stranger)
    expect(() => checkSignature(other, trusted)).toThrow(/not signed by its publisher/)
    const lying = { ...other, signature: { keyid: publisher.keyid, sig: other.signature?.sig ?? '' } }
    expect(() => checkSignature(lying, trusted)).toThrow(/not signed by its publisher/)
  })
})

describe('a limit passes at its edge and fails one beyond', () => {
  const entries = entriesOf()
  const manifestBytes = writeJson(manifestFor(goodFiles())).length
  it.each<[keyof PackageLimits, number, RefusalReason]>([
    ['packedBytes', good.length, 'packed-too-large'],
    ['unpackedBytes', archive.length, 'unpacked-too-large'],
    ['entries', entries.length, 'too-many-entries'],
    ['pathBytes', 'migrations/0001-init.down.sql'.length, 'path-too-long'],
    ['depth', 2, 'path-too-deep'],
    ['manifestBytes', manifestBytes, 'file-too-large'],
    ['pluginManifestBytes', writeJson(plainPlugin).length, 'file-too-large'],
  ])('%s', async (limit, edge, reason) => {
    expect(await reasonOf(good, { [limit]: edge })).toBe('opened')
    expect(await reasonOf(good, { [limit]: edge - 1 })).toBe(reason)
  })

  it('stops unpacking a bomb, whether it is one huge file or many headers', async () => {
    const zeros = zip(Buffer.concat([header({ path: 'README.md', size: '00277777777\0' }), Buffer.alloc(64 * 1024 * 1024)]))
    expect(zeros.length).toBeLessThan(100 * 1024)
    expect(await reasonOf(zeros)).toBe('unpacked-too-large')
    expect(await reasonOf(zip(tar([file('README.md', { size: '00777777777\0' })])))).toBe('unpacked-too-large')
    const many = zip(tar(Array.from({ length: 5_001 }, (_, at) => file(`client/${at}.js`))))
    expect(await reasonOf(many)).toBe('too-many-entries')
    expect(await reasonOf(zip(tar([{ path: 'manifest.json', bytes: Buffer.alloc(256 * 1024 + 1) }])))).toBe('file-too-large')
  })
})
