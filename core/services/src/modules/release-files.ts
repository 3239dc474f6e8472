import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { OpsFluxError, type PackageManifest } from '@opsflux/sdk'
import { sha256 } from './sha256.ts'

type Listed = PackageManifest['files'][number]

/** Files of an unpacked release whose list was verified when it was loaded; each is held to that list whenever it is read. */
export class ReleaseFiles {
  readonly #folder: string
  readonly #listed: ReadonlyMap<string, Listed>

  constructor(folder: string, listed: readonly Listed[]) {
    this.#folder = folder
    this.#listed = new Map(listed.map((file) => [file.path, file]))
  }

  /** The file as it was signed. @throws not-found when it is not listed; package-refused when it was changed on disk since */
  async read(path: string): Promise<Buffer> {
    const listed = this.#listed.get(path)
    if (!listed) throw new OpsFluxError('not-found', `The release has no file "${path}".`)
    const bytes = await readPlain(join(this.#folder, path), listed.size).catch((cause: unknown) => {
      throw altered(path, cause)
    })
    if (!bytes || sha256(bytes) !== listed.sha256) throw altered(path)
    return bytes
  }
}

/** Undefined when it is no plain file of that size: it is not read to its end then, nor waited for. */
async function readPlain(path: string, size: number): Promise<Buffer | undefined> {
  await using file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  const stat = await file.stat()
  if (!stat.isFile() || stat.size !== size) return undefined
  return file.readFile()
}

function altered(path: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('package-refused', `The file "${path}" is not the one its publisher signed. Repair the module.`, { data: { reason: 'file-altered', entry: path }, cause })
}
