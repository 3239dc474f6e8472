import { maxMetadataBytes } from '@opsflux/registry-metadata'
import { join } from 'node:path'
import { readIfPresent, writeFileAtomic } from './atomic-file.ts'
import { fetchBytes } from './http.ts'
import { unreachable } from './faults.ts'

export type MetadataKind = keyof typeof maxMetadataBytes

/** Where unverified metadata comes from. */
export interface MetadataSource {
  /** The file of a role at a version, or the current timestamp. Undefined when there is none. */
  read(role: string, version: number | undefined, kind: MetadataKind): Promise<Buffer | undefined>
}

/** The copies of what was verified before: versioned files, `timestamp.json`. */
export class LocalMetadata implements MetadataSource {
  readonly #folder: string
  constructor(folder: string) {
    this.#folder = folder
  }

  async read(role: string, version: number | undefined): Promise<Buffer | undefined> {
    return await readIfPresent(join(this.#folder, fileName(role, version)))
  }

  /** Keeps verified bytes. */
  async keep(role: string, version: number | undefined, bytes: Buffer): Promise<void> {
    await writeFileAtomic(join(this.#folder, fileName(role, version)), bytes)
  }
}

export class RemoteMetadata implements MetadataSource {
  readonly #url: string
  readonly #signal: AbortSignal
  constructor(url: string, signal: AbortSignal) {
    this.#url = url
    this.#signal = signal
  }

  async read(role: string, version: number | undefined, kind: MetadataKind): Promise<Buffer | undefined> {
    const bytes = await fetchBytes(`${this.#url}/metadata/${fileName(role, version)}`, maxMetadataBytes[kind], this.#signal)
    // Only the end of the chain of roots is found by asking for what is not there (TUF 5.3.3).
    if (!bytes && kind !== 'root') throw unreachable(this.#url, `it does not have its own file ${fileName(role, version)}`)
    return bytes
  }
}

function fileName(role: string, version: number | undefined): string {
  return version === undefined ? `${role}.json` : `${version}.${role}.json`
}
