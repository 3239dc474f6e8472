import { execFile } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { constants, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageOfArchiveBytes, packageOfEntries, packageOfManifestBytes, packageWith, storedGzip } from './edge-packages.ts'
import { packageLimits as limits } from './limits.ts'
import { entriesOf, goodFiles, header, plainPlugin, tar, temporaryFolder, zip } from './testing.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

const main = fileURLToPath(new URL('./open-apart.ts', import.meta.url))

/** In a process of its own: what happened, how long it took, and the memory it took at most beyond that of opening a small package. */
async function openApart(bytes: Uint8Array): Promise<{ outcome: string; ms: number; megabytes: number }> {
  const path = await folder.save('package.tgz', bytes)
  let best = { outcome: '', ms: Infinity, megabytes: Infinity }
  // Others use the machine too: what it did once in that time, it can do in that time.
  for (let attempt = 0; attempt < 3 && best.ms > 700; attempt += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, [main, path], { env: { PATH: process.env.PATH, TMPDIR: folder.path } })
    const took = JSON.parse(stdout) as typeof best
    best = { ...took, ms: Math.min(best.ms, took.ms), megabytes: Math.min(best.megabytes, took.megabytes) }
  }
  expect(await readdir(folder.path)).toEqual(['package.tgz'])
  return best
}

const zeros = (size: number): Buffer => Buffer.alloc(size)
const noise = (size: number): Buffer => randomFillSync(Buffer.alloc(size))
const page = (path: string): Buffer => zip(tar(packageWith(new Map([[path, Buffer.from('x')]]))))
const pathOf = (bytes: number): string => `client/${'f'.repeat(139)}/${'n'.repeat(bytes - 150)}.js`
const deep = (depth: number): string => `client/${'a/'.repeat(depth - 2)}x.js`
/** Of the size exactly: the archive's blocks of 512 bytes and the empty blocks of 5 make any size. */
const packedTo = (bytes: number): Buffer => {
  const archive = 20_500_480 - 512 * (((20_500_480 + 23 + 5 * Math.ceil(20_500_480 / 65_535) - bytes) % 5 + 5) * 3 % 5)
  return storedGzip(packageOfArchiveBytes(archive, noise), bytes)
}

describe('each limit, exactly and one beyond', () => {
  it.each<[string, string, () => Buffer, () => Buffer]>([
    ['20 MiB packed', 'packed-too-large', () => packedTo(limits.packedBytes), () => packedTo(limits.packedBytes + 1)],
    ['48 MiB unpacked', 'unpacked-too-large', () => zip(packageOfArchiveBytes(limits.unpackedBytes, zeros)), () => zip(packageOfArchiveBytes(limits.unpackedBytes + 512, zeros))],
    ['5,000 entries', 'too-many-entries', () => zip(packageOfEntries(5_000)), () => zip(packageOfEntries(5_001))],
    ['a path of 240 bytes', 'path-too-long', () => page(pathOf(240)), () => page(pathOf(241))],
    ['a path 16 names deep', 'path-too-deep', () => page(deep(16)), () => page(deep(17))],
    ['a manifest of 256 KiB', 'file-too-large', () => zip(packageOfManifestBytes(262_144)), () => zip(packageOfManifestBytes(262_145))],
  ])('%s is opened, more is %s', async (_limit, reason, edge, beyond) => {
    const opened = await openApart(edge())
    expect(opened).toMatchObject({ outcome: 'opened' })
    expect(opened.megabytes).toBeLessThan(150)
    const refused = await openApart(beyond())
    expect(refused).toMatchObject({ outcome: reason })
    expect(refused.ms).toBeLessThan(1_000)
    expect(refused.megabytes).toBeLessThan(150)
  }, 60_000)
})

describe('a refusal takes less than a second and 150 MB, and leaves nothing on disk', () => {
  const withFile = (path: string, bytes: Buffer): Buffer => zip(tar(entriesOf(goodFiles().set(path, bytes))))
  const archive = (): Buffer => packageOfArchiveBytes(limits.unpackedBytes, (size) => Buffer.concat([noise(19 * 2 ** 20), zeros(size - 19 * 2 ** 20)]))
  const sql = (text: string): Buffer => withFile('migrations/0001-init.up.sql', Buffer.from(text))
  it.each<[string, string, () => Buffer]>([
    ['20 MB that unpack to 20 GB: a bomb', 'unpacked-too-large', () => bomb()],
    ['the largest package, wrong in its last byte', 'gzip-damaged', () => zip(archive()).map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte)) as Buffer],
    ['the largest package, and a second one behind it', 'second-gzip-member', () => Buffer.concat([zip(archive()), gzipSync('x')])],
    ['a file that claims 8 GB', 'unpacked-too-large', () => zip(tar([{ path: 'README.md', size: '77777777777\0' }]))],
    ['a file that claims 47 MB and has none', 'truncated-archive', () => zip(header({ path: 'README.md', size: '00274000000\0' }))],
    ['many headers', 'too-many-entries', () => zip(tar(Array.from({ length: 90_000 }, (_, at) => ({ path: `client/${at}.js` }))))],
    ['brackets for a manifest', 'manifest-invalid', () => zip(tar(entriesOf(goodFiles(), Buffer.alloc(262_144, '['))))],
    ['brackets for a plugin.json', 'plugin-invalid', () => withFile('plugin.json', Buffer.alloc(limits.pluginManifestBytes, '['))],
    ['brackets for messages', 'plugin-invalid', () => withFile('locales/en.json', Buffer.alloc(limits.localeBytes, '[{"":'))],
    ['messages of 40 MB', 'file-too-large', () => withFile('locales/en.json', zeros(40 * 2 ** 20))],
    ['an icon of 40 MB', 'file-too-large', () => withFile('icon.svg', Buffer.alloc(40 * 2 ** 20, ' '))],
    ['a migration larger than 64 KiB', 'file-too-large', () => sql(' '.repeat(65_537))],
    ['a migration that nests', 'migration-forbidden', () => sql(`select 1${'+1'.repeat(32_000)}`)],
    ['a migration of brackets', 'migration-forbidden', () => sql(`select ${'('.repeat(65_000)}`)],
    ['a migration of comments within comments', 'migration-forbidden', () => sql('/*'.repeat(16_000) + '*/'.repeat(16_000))],
    ['a migration of operators', 'migration-forbidden', () => sql(`select 1 ${'+-'.repeat(32_000)} 1`)],
    ['a migration that ends in something forbidden', 'migration-forbidden', () => sql(`select ${'a,'.repeat(32_000)}a from greeting; notify x`)],
    ['10,000 migrations\' worth of text', 'migrations-too-large', () => manyMigrations()],
  ])('%s: %s', async (_case, reason, make) => {
    const { outcome, ms, megabytes } = await openApart(make())
    expect(outcome).toBe(reason)
    expect(ms).toBeLessThan(1_000)
    expect(megabytes).toBeLessThan(150)
  }, 60_000)

  function manyMigrations(): Buffer {
    const ids = Array.from({ length: 9 }, (_, at) => `000${at + 1}-more`)
    const files = goodFiles({ ...plainPlugin, migrations: ids.map((id) => ({ id, reversible: false })) })
    files.delete('migrations/0001-init.up.sql')
    files.delete('migrations/0001-init.down.sql')
    for (const id of ids) files.set(`migrations/${id}.up.sql`, Buffer.alloc(65_536, ' '))
    return zip(tar(entriesOf(files)))
  }
})

/** A part that ends with a full flush can follow itself: 16 MB of zeros in 16 KB, over and over. */
function bomb(): Buffer {
  const part = (bytes: Buffer): Buffer => deflateRawSync(bytes, { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  const dense = part(zeros(2 ** 24))
  return Buffer.concat([zip('').subarray(0, 10), part(header({ path: 'README.md', size: '00277777777\0' })), ...Array.from({ length: Math.floor(20_900_000 / dense.length) }, () => dense)])
}
