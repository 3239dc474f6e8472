import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { PluginManifest } from '@opsflux/sdk'
import { gunzip } from './gunzip.ts'
import { packageLimits, type PackageLimits } from './limits.ts'
import { contentOf, type PackageContent } from './package-content.ts'
import { checkPluginFiles } from './package-files.ts'
import { checkMigrations } from './package-migrations.ts'
import { readPluginManifest } from './plugin-manifest.ts'
import { refusal } from './refusal.ts'
import { TarReader } from './tar-reader.ts'
import { unpackFiles } from './unpacked-folder.ts'

const chunkBytes = 64 * 1024

/** A package that was read whole and found well-formed. Whether its publisher is trusted is another question. */
export interface OpenedPackage extends PackageContent {
  path: string
  /** SHA-256 of the `.tgz`, hexadecimal. */
  digest: string
  /** Bytes of the `.tgz`. */
  size: number
  plugin: PluginManifest
  /**
   * Writes the files to a folder that does not exist yet, in one step: after a crash it is there whole or not at all.
   * A folder that is there already is compared with the package, never written to. @throws package-refused
   */
  unpackTo(folder: string): Promise<void>
}

/**
 * Reads and judges a package without writing anything. It is unpacked as it is read: at most the unpacked size is held in memory.
 * @throws package-refused with `data.reason` (a {@link RefusalReason}) and, where one is at fault, `data.entry`
 */
export async function openPackage(path: string, limits: Partial<PackageLimits> = {}): Promise<OpenedPackage> {
  const all = { ...packageLimits, ...limits }
  const { files, digest, size } = await readFiles(path, all)
  const content = contentOf(files)
  const pluginBytes = files.get('plugin.json')
  if (!pluginBytes) throw refusal('plugin-missing', 'The package has no plugin.json.', 'plugin.json')
  const plugin = readPluginManifest(pluginBytes)
  checkPluginFiles(content.manifest, plugin, files)
  await checkMigrations(plugin, files)
  return { ...content, path, digest, size, plugin, unpackTo: (folder) => unpackFiles(folder, files) }
}

/** All files of a package by path, and what the package itself was. */
async function readFiles(path: string, limits: PackageLimits): Promise<{ files: Map<string, Buffer>; digest: string; size: number }> {
  await using file = await openPlainFile(path)
  const { size } = await file.stat()
  if (size === 0) throw refusal('not-gzip', 'The package is empty.')
  if (size > limits.packedBytes) throw refusal('packed-too-large', `The package is larger than ${limits.packedBytes} bytes.`)
  const reader = new TarReader(limits)
  const digest = createHash('sha256')
  await gunzip(chunksOf(file, size, (chunk) => digest.update(chunk)), limits.unpackedBytes, (bytes) => reader.push(bytes))
  return { files: reader.end(), digest: digest.digest('hex'), size }
}

async function openPlainFile(path: string): Promise<FileHandle> {
  // A pipe is not waited for.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw refusal('not-a-file', 'The package cannot be read.', undefined, cause)
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw refusal('not-a-file', 'The package is not a file.')
}

/** Reads from the one open file and no further than it was long: what is judged is what is digested. */
async function* chunksOf(file: FileHandle, size: number, each: (chunk: Buffer) => unknown): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(chunkBytes, size - at)), { position: at })
    if (bytesRead === 0) throw refusal('truncated-archive', 'The package became shorter while it was read.')
    const chunk = buffer.subarray(0, bytesRead)
    each(chunk)
    yield chunk
    at += bytesRead
  }
}
