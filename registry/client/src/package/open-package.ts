import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { PluginManifest } from '@opsflux/sdk'
import { gunzip } from './gunzip.ts'
import { packageLimits, type PackageLimits } from './limits.ts'
import { contentOf, type PackageContent } from './package-content.ts'
import { checkPluginFiles } from './package-files.ts'
import { readPluginManifest } from './plugin-manifest.ts'
import { refusal } from './refusal.ts'
import { TarReader } from './tar-reader.ts'
import { unpackFiles } from './unpacked-folder.ts'

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
 * Reads and judges a package without writing anything; at most the unpacked size is held in memory.
 * @throws package-refused with `data.reason` (a {@link RefusalReason}) and, where one is at fault, `data.entry`
 */
export async function openPackage(path: string, limits: Partial<PackageLimits> = {}): Promise<OpenedPackage> {
  const all = { ...packageLimits, ...limits }
  const packed = await readPacked(path, all.packedBytes)
  const reader = new TarReader(all)
  for await (const chunk of gunzip(packed, all.unpackedBytes)) reader.push(chunk)
  const files = reader.end()
  const content = contentOf(files)
  const pluginBytes = files.get('plugin.json')
  if (!pluginBytes) throw refusal('plugin-missing', 'The package has no plugin.json.', 'plugin.json')
  const plugin = readPluginManifest(pluginBytes)
  checkPluginFiles(content.manifest, plugin, files)
  return { ...content, path, digest: hash('sha256', packed, 'hex'), size: packed.length, plugin, unpackTo: (folder) => unpackFiles(folder, files) }
}

async function readPacked(path: string, maxBytes: number): Promise<Buffer> {
  await using file = await open(path, 'r').catch((cause: unknown) => {
    throw refusal('not-a-file', 'The package cannot be read.', undefined, cause)
  })
  const stat = await file.stat()
  if (!stat.isFile()) throw refusal('not-a-file', 'The package is not a file.')
  if (stat.size > maxBytes) throw refusal('packed-too-large', `The package is larger than ${maxBytes} bytes.`)
  // Read from the one open file and no further than it was long: what is judged is what is digested.
  const packed = Buffer.alloc(stat.size)
  let fill = 0
  while (fill < packed.length) {
    const { bytesRead } = await file.read(packed, fill, packed.length - fill, fill)
    if (bytesRead === 0) throw refusal('truncated-archive', 'The package became shorter while it was read.')
    fill += bytesRead
  }
  return packed
}
