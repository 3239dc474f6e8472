import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openPackage } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'
import { signPackage } from '../archive/sign-package.ts'
import { buildApart } from './build-process.ts'

export interface BuildOptions {
  /** The plugin's source folder. */
  folder: string
  /** A folder whose files replace or add to the source's; its `overlay.json` may remove some. */
  overlay?: string
  /** PEM of the publisher's private key; without it the package is not signed. */
  privateKeyPem?: string
  /** Folder for the package. Default `dist` in the source folder. */
  out?: string
}

export interface BuiltPackage {
  path: string
  /** SHA-256 of the package, hexadecimal. */
  digest: string
  id: string
  version: string
}

/**
 * Builds `<id>-<version>.tgz` from a plugin's sources: the same sources give the same bytes, wherever they are.
 * The sources are evaluated and bundled in a process of their own, which never sees the key;
 * what comes out is opened and judged like a stranger's package before it takes its name.
 * @throws validation-failed, invalid-request, package-refused
 */
export async function buildPackage(options: BuildOptions): Promise<BuiltPackage> {
  await mustBeFolder(options.folder, 'plugin')
  if (options.overlay !== undefined) await mustBeFolder(options.overlay, 'overlay')
  const out = resolve(options.out ?? join(options.folder, 'dist'))
  await mkdir(out, { recursive: true })
  const unsigned = join(out, `.building-${randomBytes(6).toString('hex')}`)
  try {
    const folder = resolve(options.folder)
    await buildApart({ folder, target: unsigned, ...(options.overlay === undefined ? {} : { overlay: resolve(options.overlay) }) })
    const { digest, manifest: { id, version, publisher } } = await openPackage(unsigned)
    const path = join(out, `${id}-${version}.tgz`)
    if (options.privateKeyPem !== undefined) return { path, digest: await signPackage(unsigned, options.privateKeyPem, publisher, path), id, version }
    await rename(unsigned, path)
    return { path, digest, id, version }
  } finally {
    await rm(unsigned, { force: true })
  }
}

async function mustBeFolder(path: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory()) throw new OpsFluxError('invalid-request', `There is no ${what} folder at "${path}". Check the path.`)
}
