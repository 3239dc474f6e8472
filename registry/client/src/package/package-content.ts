import type { PackageManifest, PackageSignature } from '@opsflux/sdk'
import { checkListedFiles } from './package-files.ts'
import { readPackageManifest, readPackageSignature } from './package-manifest.ts'
import { refusal } from './refusal.ts'

/** The files of a package, each as `manifest.json` lists it. */
export interface PackageContent {
  manifest: PackageManifest
  /** What `signature` signs. */
  manifestBytes: Buffer
  signature?: PackageSignature
  /** Paths of all files, sorted. */
  entries: string[]
  /** @throws package-refused when there is no such file */
  read(path: string): Buffer
  text(path: string): string
}

/** @throws package-refused unless the files are exactly those that their `manifest.json` lists */
export function contentOf(files: ReadonlyMap<string, Buffer>): PackageContent {
  const manifestBytes = files.get('manifest.json')
  if (!manifestBytes) throw refusal('manifest-missing', 'The package has no manifest.json.', 'manifest.json')
  const manifest = readPackageManifest(manifestBytes)
  const signatureBytes = files.get('manifest.sig')
  const signature = signatureBytes && readPackageSignature(signatureBytes)
  checkListedFiles(manifest, files.keys(), (path) => files.get(path))
  const read = (path: string): Buffer => {
    const bytes = files.get(path)
    if (!bytes) throw refusal('file-missing', `The package has no file "${path}".`, path)
    return bytes
  }
  return { manifest, manifestBytes, ...(signature ? { signature } : {}), entries: [...files.keys()].toSorted(), read, text: (path) => read(path).toString('utf8') }
}
