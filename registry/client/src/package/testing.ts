import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { PackageManifest, PluginManifest } from '@opsflux/sdk'
import { writeJson } from './canonical-json.ts'
import { byPath } from './package-manifest.ts'

/** One archive entry; the fields of its header can be anything, as a hostile writer would have them. */
export interface TestEntry {
  path: string | Buffer
  bytes?: Buffer
  type?: string
  size?: string | Buffer
  mode?: string
  magic?: string
  linkName?: string
  prefix?: string
  checksum?: string
  padding?: Buffer
}

export function header(entry: TestEntry): Buffer {
  const block = Buffer.alloc(512)
  const put = (value: string | Buffer, at: number): unknown => (typeof value === 'string' ? block.write(value, at, 'latin1') : value.copy(block, at))
  put(typeof entry.path === 'string' ? Buffer.from(entry.path) : entry.path, 0)
  put(entry.mode ?? '0000644\0', 100)
  put('0000000\x000000000\0', 108)
  put(entry.size ?? `${(entry.bytes?.length ?? 0).toString(8).padStart(11, '0')}\0`, 124)
  put('00000000000\0        ', 136)
  put(entry.type ?? '0', 156)
  put(entry.linkName ?? '', 157)
  put(entry.magic ?? 'ustar\x0000', 257)
  put('0000000\x000000000\0', 329)
  put(entry.prefix ?? '', 345)
  put(entry.checksum ?? `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

export function tar(entries: readonly TestEntry[], end = Buffer.alloc(1024)): Buffer {
  const body = ({ bytes = Buffer.alloc(0), padding }: TestEntry): Uint8Array[] => [bytes, padding ?? Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  return Buffer.concat([...entries.flatMap((entry) => [header(entry), ...body(entry)]), end])
}

export const plainPlugin: PluginManifest = {
  formatVersion: 1, id: 'hello-notes', version: '1.0.0', publisher: 'hello', name: 'Hello', summary: 'Keeps greetings', icon: 'hand', category: 'examples', sdk: '^1.0.0',
  capabilities: [], dependencies: {},
  entities: [{ name: 'greeting', fields: { text: { kind: 'string', required: true } }, states: { initial: 'draft', values: ['draft', 'sent'], transitions: { send: { from: 'draft', to: 'sent' } } } }],
  permissions: [{ action: 'view', scope: 'all', roles: ['user'] }], menus: [], hooks: { greeting: ['beforeCreate'] },
  routes: [{ name: 'count', method: 'GET', path: '/count', action: 'view', query: {}, body: {} }],
  migrations: [{ id: '0001-init', reversible: true }], server: 'server/index.js', locales: ['en'],
}

/** The files of a good package but its manifest. */
export function goodFiles(plugin: unknown = plainPlugin): Map<string, Buffer> {
  return new Map<string, Buffer>(Object.entries({
    'CHANGELOG.md': '## 1.0.0\n', 'README.md': '# Hello\n', 'locales/en.json': '{}\n', 'migrations/0001-init.down.sql': 'drop table greeting;\n',
    'migrations/0001-init.up.sql': 'create table greeting ();\n', 'sbom.json': '{}\n', 'server/index.js': 'export default {}\n',
  }).map(([path, text]): [string, Buffer] => [path, Buffer.from(text)])).set('plugin.json', writeJson(plugin))
}

export function manifestFor(files: ReadonlyMap<string, Buffer>): PackageManifest {
  const listed = [...files].map(([path, bytes]) => ({ path, size: bytes.length, sha256: hash('sha256', bytes, 'hex') })).toSorted(byPath)
  return { formatVersion: 1, id: 'hello-notes', version: '1.0.0', publisher: 'hello', sdk: '^1.0.0', files: listed }
}

/** A good package's entries; `manifest` may be anything. */
export function entriesOf(files = goodFiles(), manifest: unknown = manifestFor(files)): TestEntry[] {
  return [...new Map(files).set('manifest.json', Buffer.isBuffer(manifest) ? manifest : writeJson(manifest))].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([path, bytes]) => ({ path, bytes }))
}

/** A folder of its own for one test file, removed at its end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string; save(name: string, bytes: Uint8Array): Promise<string> }> {
  const path = await mkdtemp(join(tmpdir(), 'opsflux-package-'))
  return {
    path,
    async save(name, bytes) {
      await writeFile(join(path, name), bytes)
      return join(path, name)
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

export function zip(archive: Uint8Array | string): Buffer {
  return gzipSync(archive)
}
