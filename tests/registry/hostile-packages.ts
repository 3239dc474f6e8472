import { hash } from 'node:crypto'
import { gzip, writeTar } from '@opsflux/cli'
import { byPath, writeJson, type PackageContent } from '@opsflux/registry-client'
import { generateKeyPair, keyIdOf, publicKeyOf, signBytes } from '@opsflux/registry-metadata'

type Files = [path: string, bytes: Buffer][]
export interface HostilePackage {
  name: string
  bytes: Buffer
  code: 'package-refused' | 'untrusted-release' | 'payload-too-large'
  /** Of a refused package. */
  reason?: string
}

/** Everything a stranger could try on the bytes of a genuine package. `privateKeyPem` is its publisher's: some attackers have it. */
export function hostilePackages(genuine: PackageContent, packed: Buffer, privateKeyPem: string): HostilePackage[] {
  const files: Files = genuine.entries.map((path) => [path, genuine.read(path)])
  const pack = (changed: Files): Buffer => gzip(writeTar(changed))
  const change = (path: string, edit: (bytes: Buffer) => Buffer): Files => files.map(([name, bytes]) => [name, name === path ? edit(bytes) : bytes])
  const without = (path: string): Files => files.filter(([name]) => name !== path)
  const add = (path: string, text = 'x'): Files => [...files, [path, Buffer.from(text)]]
  const signed = (changed: Files, key = privateKeyPem, manifest: (value: Record<string, unknown>) => object = (value) => value): Buffer => pack(sign(genuine, changed, key, manifest))
  const plugin = (edit: (value: Record<string, unknown>) => object): Files => change('plugin.json', (bytes) => writeJson(edit(JSON.parse(bytes.toString()) as Record<string, unknown>)))
  const renamed = { id: 'acme-reports', publisher: 'opsflux' }
  const server = Buffer.from('server/index.js')

  return [
    { name: 'signed with a key of nobody we know', bytes: signed(files, generateKeyPair().privateKeyPem), code: 'untrusted-release' },
    { name: 'without a signature', bytes: pack(without('manifest.sig')), code: 'untrusted-release' },
    { name: 'with one bit of the signature turned', bytes: pack(change('manifest.sig', (bytes) => Buffer.from(bytes.toString().replace(/("sig": ")(.)/, (_, key: string, digit: string) => key + (digit === '0' ? '1' : '0'))))), code: 'untrusted-release' },
    { name: 'of an unknown publisher', bytes: signed(plugin((value) => ({ ...value, publisher: 'acme' })), privateKeyPem, (value) => ({ ...value, publisher: 'acme' })), code: 'untrusted-release' },
    { name: 'with an id outside its publisher\'s prefix', bytes: signed(plugin((value) => ({ ...value, ...renamed })), privateKeyPem, (value) => ({ ...value, ...renamed })), code: 'untrusted-release' },
    { name: 'with another id in its manifest than in its plugin.json', bytes: signed(files, privateKeyPem, (value) => ({ ...value, id: 'hse-other' })), code: 'package-refused', reason: 'plugin-mismatch' },
    { name: 'with a listed file altered', bytes: pack(change('server/index.js', (bytes) => Buffer.concat([bytes, Buffer.from('\n')]))), code: 'package-refused', reason: 'file-altered' },
    { name: 'with a listed file altered to the same length', bytes: pack(change('server/index.js', (bytes) => Buffer.from(bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte))))), code: 'package-refused', reason: 'file-altered' },
    { name: 'with a listed file taken out', bytes: pack(without('README.md')), code: 'package-refused', reason: 'file-missing' },
    { name: 'with an unlisted file', bytes: pack(add('server/extra.js')), code: 'package-refused', reason: 'file-unlisted' },
    { name: 'with a path that climbs', bytes: pack(add('../../outside.txt')), code: 'package-refused', reason: 'path-climbing' },
    { name: 'with a path that climbs and is listed', bytes: signed(add('client/../../outside.txt')), code: 'package-refused', reason: 'path-climbing' },
    { name: 'with an absolute path', bytes: pack(add('/tmp/outside.txt')), code: 'package-refused', reason: 'path-absolute' },
    { name: 'with a drive in its path', bytes: pack(add('C:/outside.txt')), code: 'package-refused', reason: 'path-drive' },
    { name: 'with a symbolic link', bytes: gzip(retyped(writeTar(files), server, '2', '/etc/passwd')), code: 'package-refused', reason: 'entry-type' },
    { name: 'with a hard link', bytes: gzip(retyped(writeTar(files), server, '1', '/etc/passwd')), code: 'package-refused', reason: 'entry-type' },
    ...[['3', 'a character device'], ['4', 'a block device'], ['6', 'a pipe'], ['x', 'a pax header'], ['L', 'a long name of GNU tar']].map(([type = '', what = '']): HostilePackage => (
      { name: `with ${what}`, bytes: gzip(retyped(writeTar(files), server, type)), code: 'package-refused', reason: 'entry-type' })),
    { name: 'with an entry twice', bytes: pack(files.flatMap((file) => (file[0] === 'README.md' ? [file, file] : [file]))), code: 'package-refused', reason: 'duplicate-entry' },
    { name: 'with two names that are one on some systems', bytes: pack(add('readme.MD')), code: 'package-refused', reason: 'case-collision' },
    { name: 'with more entries than a package may have', bytes: pack([...files, ...Array.from({ length: 5_001 }, (_, n): Files[number] => [`client/many/${n}.js`, Buffer.alloc(0)])]), code: 'package-refused', reason: 'too-many-entries' },
    { name: 'that unpacks to more than a package may', bytes: pack([...files, ['client/zeros-1.bin', Buffer.alloc(30 * 2 ** 20)], ['client/zeros-2.bin', Buffer.alloc(30 * 2 ** 20)]]), code: 'package-refused', reason: 'unpacked-too-large' },
    { name: 'with a file larger than a package may be, by its header alone', bytes: gzip(resized(writeTar(files), server, 2 ** 32)), code: 'package-refused', reason: 'unpacked-too-large' },
    { name: 'cut short', bytes: packed.subarray(0, packed.length - 100), code: 'package-refused' },
    { name: 'with something behind its end', bytes: Buffer.concat([packed, Buffer.from('more')]), code: 'package-refused', reason: 'trailing-bytes' },
    { name: 'with a second archive behind its end', bytes: Buffer.concat([packed, packed]), code: 'package-refused', reason: 'second-gzip-member' },
    { name: 'that is no package', bytes: Buffer.from('<html>'), code: 'package-refused', reason: 'not-gzip' },
    { name: 'that is empty', bytes: Buffer.alloc(0), code: 'package-refused', reason: 'not-gzip' },
  ]
}

/** The same content with a manifest that lists it, signed. */
function sign(genuine: PackageContent, files: Files, privateKeyPem: string, edit: (manifest: Record<string, unknown>) => object): Files {
  const content = files.filter(([path]) => path !== 'manifest.json' && path !== 'manifest.sig')
  const listed = content.map(([path, bytes]) => ({ path, size: bytes.length, sha256: hash('sha256', bytes, 'hex') })).toSorted(byPath)
  const manifest = writeJson(edit({ ...genuine.manifest, files: listed }))
  const signature = writeJson({ keyid: keyIdOf(publicKeyOf(privateKeyPem)), sig: signBytes(privateKeyPem, manifest) })
  return [...content, ['manifest.json', manifest], ['manifest.sig', signature]]
}

/** The archive with the header of one entry given another type and link name. */
function retyped(tar: Buffer, path: Buffer, type: string, link = ''): Buffer {
  return reheadered(tar, path, (header) => {
    header.write(type, 156, 'latin1')
    header.write(link, 157, 'latin1')
  })
}

function resized(tar: Buffer, path: Buffer, size: number): Buffer {
  return reheadered(tar, path, (header) => { header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1') })
}

function reheadered(tar: Buffer, path: Buffer, edit: (header: Buffer) => void): Buffer {
  for (let at = 0; at < tar.length; at += 512) {
    const header = tar.subarray(at, at + 512)
    if (header.subarray(257, 262).toString() !== 'ustar' || !header.subarray(0, path.length + 1).equals(Buffer.concat([path, Buffer.alloc(1)]))) continue
    edit(header)
    header.write('        ', 148, 'latin1')
    header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return tar
  }
  throw new Error('There is no such entry in the archive.')
}
