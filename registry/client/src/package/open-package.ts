import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { verifyBytes, type PublicKey } from '@opsflux/registry-metadata'
import type { PackageManifest, PackageSignature, PluginManifest } from '@opsflux/sdk'
import { gunzip } from './gunzip.ts'
import { packageLimits, type PackageLimits } from './limits.ts'
import { checkListedFiles, checkPluginFiles } from './package-files.ts'
import { readPackageManifest, readPackageSignature } from './package-manifest.ts'
import { readPluginManifest } from './plugin-manifest.ts'
import { refusal } from './refusal.ts'
import { TarReader } from './tar-reader.ts'
import { unpackFiles } from './unpacked-folder.ts'

/** A package that was read whole and found well-formed. Whether its publisher is trusted is another question. */
export interface OpenedPackage {
  path: string
  /** SHA-256 of the `.tgz`, hexadecimal. */
  digest: string
  /** Bytes of the `.tgz`. */
  size: number
  manifest: PackageManifest
  /** What `signature` signs. */
  manifestBytes: Buffer
  signature?: PackageSignature
  plugin: PluginManifest
  /** Paths of all files, sorted. */
  entries: string[]
  /** @throws package-refused when there is no such file */
  read(path: string): Buffer
  text(path: string): string
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
  const manifestBytes = files.get('manifest.json')
  if (!manifestBytes) throw refusal('manifest-missing', 'The package has no manifest.json.', 'manifest.json')
  const manifest = readPackageManifest(manifestBytes)
  const signatureBytes = files.get('manifest.sig')
  const signature = signatureBytes && readPackageSignature(signatureBytes)
  checkListedFiles(manifest, files.keys(), (entry) => files.get(entry))
  const pluginBytes = files.get('plugin.json')
  if (!pluginBytes) throw refusal('plugin-missing', 'The package has no plugin.json.', 'plugin.json')
  const plugin = readPluginManifest(pluginBytes)
  checkPluginFiles(manifest, plugin, files)
  const read = (entry: string): Buffer => {
    const bytes = files.get(entry)
    if (!bytes) throw refusal('file-missing', `The package has no file "${entry}".`, entry)
    return bytes
  }
  return {
    path, digest: hash('sha256', packed, 'hex'), size: packed.length, manifest, manifestBytes, plugin, entries: [...files.keys()].sort(),
    ...(signature ? { signature } : {}), read, text: (entry) => read(entry).toString('utf8'), unpackTo: (folder) => unpackFiles(folder, files),
  }
}

/** The key that signed the package, out of those given. @throws package-refused */
export function checkSignature(opened: Pick<OpenedPackage, 'manifestBytes' | 'signature'>, publicKeys: readonly PublicKey[]): PublicKey {
  const { manifestBytes, signature } = opened
  if (!signature) throw refusal('signature-missing', 'The package is not signed.', 'manifest.sig')
  const key = publicKeys.find((known) => known.keyid === signature.keyid && verifyBytes(known.publicKey, manifestBytes, signature.sig))
  if (!key) throw refusal('signature-wrong', 'The package is not signed by its publisher.', 'manifest.sig')
  return key
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
