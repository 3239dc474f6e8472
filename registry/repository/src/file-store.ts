import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfPresent, writeFileAtomic } from '@opsflux/registry-client'
import { parseRoot, servedPathOf, type TopLevelRole } from '@opsflux/registry-metadata'
import type { Metadata, Root } from '@tufjs/models'

const leftoverAgeMs = 3_600_000

/** Where everything of a repository lies below its home folder. */
export class FileStore {
  readonly home: string
  /** Private keys that are kept elsewhere and were brought for one change. */
  readonly broughtKeys: readonly string[]
  constructor(home: string, broughtKeys: readonly string[] = []) {
    this.home = home
    this.broughtKeys = broughtKeys
  }

  /** The copy of the first root that hosts are given to pin. */
  get pinnedRootPath(): string {
    return join(this.home, 'root.json')
  }

  /** The root that waits for signatures. */
  get draftPath(): string {
    return join(this.home, 'root.draft.json')
  }

  /** Undefined when there is none. Without a version: `timestamp.json`. */
  readMetadata(role: string, version?: number): Promise<Buffer | undefined> {
    return readIfPresent(this.#metadataPath(role, version))
  }

  async writeMetadata(role: string, version: number | undefined, bytes: Buffer): Promise<void> {
    await writeFileAtomic(this.#metadataPath(role, version), bytes)
  }

  /** Every version of the root, the first one first. */
  async roots(): Promise<Metadata<Root>[]> {
    const roots: Metadata<Root>[] = []
    for (;;) {
      const bytes = await this.readMetadata('root', roots.length + 1)
      if (!bytes) return roots
      roots.push(parseRoot(bytes))
    }
  }

  async currentRoot(): Promise<Metadata<Root> | undefined> {
    return (await this.roots()).at(-1)
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

  get keysFolder(): string {
    return join(this.home, 'keys')
  }

  keyPath(role: TopLevelRole): string {
    return join(this.keysFolder, `${role}.pem`)
  }

  /** Of a new key, until a root trusts it. */
  waitingKeyPath(role: TopLevelRole): string {
    return join(this.keysFolder, `${role}.next.pem`)
  }

  /** Removes what crashes left half-written, and uploads that nobody published within the hour. */
  async removeLeftovers(): Promise<void> {
    for (const folder of [join(this.home, 'metadata'), this.keysFolder]) await removeOld(folder, (name) => name.endsWith('.tmp'))
    await removeOld(this.home, (name) => name.endsWith('.tmp') || name.startsWith('write.lock.'))
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
