import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { writeJson } from './canonical-json.ts'
import { entriesOf, goodFiles, manifestFor, plainPlugin, tar, type TestEntry } from './testing.ts'

/** A good package that has these files for its pages too, and these folders as entries of their own. */
export function packageWith(pages: ReadonlyMap<string, Buffer>, folders: readonly string[] = []): TestEntry[] {
  const entry = 'client/index.js'
  const all = new Map(pages).set(entry, Buffer.from('export default 1\n'))
  const integrity = Object.fromEntries([...all].map(([path, bytes]) => [path, `sha384-${hash('sha384', bytes, 'base64')}`]))
  const files = goodFiles({ ...plainPlugin, client: { entry, css: [], classes: [], integrity } })
  for (const [path, bytes] of all) files.set(path, bytes)
  return [...folders.map((path) => ({ path: `${path}/`, type: '5' })), ...entriesOf(files, manifestFor(files)).map(split)]
}

/** What ustar has room for: 100 bytes of name and 155 of folders before it. */
function split(entry: TestEntry): TestEntry {
  const path = entry.path.toString()
  if (path.length <= 100) return entry
  const slash = path.indexOf('/', path.length - 101)
  return { ...entry, path: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

/** A good package whose archive has exactly this many bytes. */
export function packageOfArchiveBytes(bytes: number, fill: (size: number) => Buffer): Buffer {
  const empty = tar(packageWith(new Map([['client/fill.bin', Buffer.alloc(0)]]))).length
  let size = bytes - empty
  // Sizes are written down in manifest.json, which may then need a block more.
  for (let archive = tar(packageWith(new Map([['client/fill.bin', fill(size)]]))); ; archive = tar(packageWith(new Map([['client/fill.bin', fill(size)]])))) {
    if (archive.length === bytes) return archive
    size -= archive.length - bytes
  }
}

/** A good package of this many entries: a few files, and folders above them. */
export function packageOfEntries(count: number): Buffer {
  const folders = Array.from({ length: 13 }, (_, depth) => depth)
  const pages = new Map<string, Buffer>()
  const above: string[] = []
  const others = packageWith(pages).length
  while (others + pages.size + above.length < count) {
    const top = `client/${pages.size}`
    pages.set(`${top}/${folders.join('/')}/x.js`, Buffer.alloc(0))
    above.push(...[top, ...folders.map((depth) => `${top}/${folders.slice(0, depth + 1).join('/')}`)].slice(0, count - others - pages.size - above.length))
  }
  return tar(packageWith(pages, above))
}

/** A good package whose manifest.json has exactly this many bytes. */
export function packageOfManifestBytes(bytes: number): Buffer {
  const pages = new Map<string, Buffer>()
  const size = (): number => writeJson(manifestFor(new Map(packageWith(pages).flatMap(({ path, prefix, bytes: content = Buffer.alloc(0) }): [string, Buffer][] => {
    const whole = prefix === undefined ? path.toString() : `${prefix}/${path.toString()}`
    return whole === 'manifest.json' ? [] : [[whole, content]]
  })))).length
  const base = size()
  pages.set('client/0000.js', Buffer.alloc(0))
  const each = size() - base
  for (let at = 1; at < Math.floor((bytes - base) / each); at += 1) pages.set(`client/${String(at).padStart(4, '0')}.js`, Buffer.alloc(0))
  const missing = bytes - size()
  pages.delete('client/0000.js')
  const half = Math.floor(missing / 2)
  pages.set(`client/${'0'.repeat(2 + half)}/${'0'.repeat(1 + missing - half)}.js`, Buffer.alloc(0))
  if (size() !== bytes) throw new Error(`The manifest has ${size()} bytes.`)
  return tar(packageWith(pages))
}

/** gzip without compression, with as many empty blocks as make it exactly this long; each takes 5 bytes (RFC 1951, 3.2.4). */
export function storedGzip(archive: Buffer, bytes?: number): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < archive.length; at += 65_535) blocks.push(storedBlock(archive.subarray(at, at + 65_535)))
  const used = 18 + 5 + blocks.reduce((sum, block) => sum + block.length, 0)
  const missing = (bytes ?? used) - used
  if (missing < 0 || missing % 5 !== 0) throw new Error(`${missing} bytes cannot be filled with empty blocks.`)
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(archive), 0)
  trailer.writeUInt32LE(archive.length, 4)
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]), ...blocks, Buffer.concat(Array.from({ length: missing / 5 }, () => storedBlock(Buffer.alloc(0)))), storedBlock(Buffer.alloc(0), true), trailer])
}

function storedBlock(bytes: Buffer, isLast = false): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(isLast ? 1 : 0, 0)
  head.writeUInt16LE(bytes.length, 1)
  head.writeUInt16LE(bytes.length ^ 0xffff, 3)
  return Buffer.concat([head, bytes])
}
