import { join } from 'node:path'
import { readSmallFile, writeFileAtomic } from './atomic-file.ts'

/**
 * Remembers the highest version seen of every metadata file, so that a registry cannot go back in time even when
 * the local copies are lost. Keep it where the platform keeps its data.
 */
export interface VersionStore {
  /** Undefined when the role was never seen. */
  get(role: string): Promise<number | undefined>
  /** Raises the version; a lower one than is stored changes nothing. */
  set(role: string, version: number): Promise<void>
}

const maxBytes = 1_000_000

/** A {@link VersionStore} in one JSON file, for tools and tests; several hosts need a shared one. */
export class FileVersionStore implements VersionStore {
  readonly #path: string
  #versions: Promise<Map<string, number>> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#path = join(folder, 'versions.json')
  }

  async get(role: string): Promise<number | undefined> {
    return (await this.#load()).get(role)
  }

  async set(role: string, version: number): Promise<void> {
    const versions = await this.#load()
    if (version <= (versions.get(role) ?? 0)) return
    versions.set(role, version)
    // Where it cannot be written, what was seen counts as long as this process runs.
    this.#writing = this.#writing.then(() => writeFileAtomic(this.#path, `${JSON.stringify(Object.fromEntries(versions))}\n`)).catch(() => {})
    await this.#writing
  }

  #load(): Promise<Map<string, number>> {
    this.#versions ??= readSmallFile(this.#path, maxBytes).then(readVersions)
    return this.#versions
  }
}

// A damaged file counts as empty: the timestamp kept beside it is the second witness of what was seen.
function readVersions(bytes: Buffer | undefined): Map<string, number> {
  try {
    const data: unknown = JSON.parse(bytes?.toString('utf8') ?? '{}')
    if (typeof data !== 'object' || data === null) return new Map()
    return new Map(Object.entries(data).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && Number(entry[1]) > 0))
  } catch {
    return new Map()
  }
}
