import { maxMetadataBytes } from '@opsflux/registry-metadata'
import { stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { readSmallFile, removeOldFiles, writeFileAtomic } from './atomic-file.ts'
import { unreachable } from './faults.ts'
import { fetchBytes, type Exchange } from './http.ts'

export type MetadataKind = keyof typeof maxMetadataBytes

/** Where unverified metadata comes from. */
export interface MetadataSource {
  /** The file of a role at a version, or the current timestamp. Undefined when there is none. */
  read(role: string, version: number | undefined, kind: MetadataKind): Promise<Buffer | undefined>
}

/**
 * The copies of what was verified before: versioned files, `timestamp.json`. They save asking again and are a second witness of
 * what was seen; whatever is wrong with them (or with the whole folder) only means that they are not used.
 */
export class LocalMetadata implements MetadataSource {
  readonly #folder: string
  constructor(folder: string) {
    this.#folder = folder
  }

  async read(role: string, version: number | undefined, kind: MetadataKind): Promise<Buffer | undefined> {
    return readSmallFile(this.#path(role, version), maxMetadataBytes[kind])
  }

  /** Keeps verified bytes. */
  async keep(role: string, version: number | undefined, bytes: Buffer): Promise<void> {
    // A full or read-only disk must not stand between a platform and its registry: versions seen are kept elsewhere as well.
    await writeFileAtomic(this.#path(role, version), bytes).catch(() => {})
  }

  /** When the registry was last heard, as far as this folder knows. */
  async checkedAt(): Promise<Date | undefined> {
    return stat(this.#path('timestamp', undefined)).then(({ mtime }) => mtime, () => undefined)
  }

  async markChecked(at: Date): Promise<void> {
    await utimes(this.#path('timestamp', undefined), at, at).catch(() => {})
  }

  /** Removes what no walk needs any more; roots stay. Hosts that share the folder may be a step behind, so nothing young goes. */
  async keepOnly(current: ReadonlyMap<string, number>): Promise<void> {
    await removeOldFiles(this.#folder, (name) => {
      const [, digits, role = ''] = /^(\d+)\.(.+)\.json$/.exec(name) ?? []
      return name.endsWith('.tmp') || (digits !== undefined && role !== 'root' && current.get(role) !== Number(digits))
    })
  }

  #path(role: string, version: number | undefined): string {
    return join(this.#folder, fileName(role, version))
  }
}

export class RemoteMetadata implements MetadataSource {
  readonly #url: string
  readonly #exchange: Exchange
  constructor(url: string, exchange: Exchange) {
    this.#url = url
    this.#exchange = exchange
  }

  async read(role: string, version: number | undefined, kind: MetadataKind): Promise<Buffer | undefined> {
    const bytes = await fetchBytes(`${this.#url}/metadata/${fileName(role, version)}`, maxMetadataBytes[kind], this.#exchange)
    // Only the end of the chain of roots is found by asking for what is not there (TUF 5.3.3).
    if (!bytes && kind !== 'root') throw unreachable(this.#url, `it does not have its own file ${fileName(role, version)}`)
    return bytes
  }
}

function fileName(role: string, version: number | undefined): string {
  return version === undefined ? `${role}.json` : `${version}.${role}.json`
}
