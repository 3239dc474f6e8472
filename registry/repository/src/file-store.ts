import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { servedPathOf } from '@opsflux/registry-metadata'

const leftoverAgeMs = 3_600_000

/** Where everything of a repository lies below its home folder. */
export class FileStore {
  readonly home: string
  constructor(home: string) {
    this.home = home
  }

  /** The copy of the first root that hosts are given to pin. */
  get pinnedRootPath(): string {
    return join(this.home, 'root.json')
  }

  /** Undefined when there is none. Without a version: `timestamp.json`. */
  readMetadata(role: string, version?: number): Promise<Buffer | undefined> {
    return readIfPresent(this.#metadataPath(role, version))
  }

  async writeMetadata(role: string, version: number | undefined, bytes: Buffer): Promise<void> {
    await writeFileAtomic(this.#metadataPath(role, version), bytes)
  }

  /** The highest version of the root; 0 when there is none. */
  async rootVersion(): Promise<number> {
    for (let version = 1; ; version += 1) {
      if (await this.readMetadata('root', version) === undefined) return version - 1
    }
  }

  artifactPath(id: string, version: string, digest: string): string {
    return join(this.home, 'targets', servedPathOf(id, version, digest))
  }

  get uploadsFolder(): string {
    return join(this.home, 'uploads')
  }

  uploadPath(digest: string): string {
    return join(this.uploadsFolder, `${digest}.tgz`)
  }

  keyPath(role: string): string {
    return join(this.home, 'keys', `${role}.pem`)
  }

  /** Removes what crashes left half-written, and uploads that nobody published within the hour. */
  async removeLeftovers(): Promise<void> {
    await removeOld(join(this.home, 'metadata'), (name) => name.endsWith('.tmp'))
    await removeOld(this.uploadsFolder, () => true)
  }

  #metadataPath(role: string, version: number | undefined): string {
    return join(this.home, 'metadata', version === undefined ? `${role}.json` : `${version}.${role}.json`)
  }
}

async function removeOld(folder: string, isLeftover: (name: string) => boolean): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter(isLeftover)) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > leftoverAgeMs) await rm(path, { force: true })
  }
}
