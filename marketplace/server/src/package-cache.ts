import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openPackage, type OpenedPackage, type RegistryClient, type Release } from '@opsflux/registry-client'

/** The packages that the catalogue is read from, in one folder by digest: after a restart they need not be fetched again. */
export class PackageCache {
  readonly #folder: string
  readonly #client: RegistryClient

  constructor(folder: string, client: RegistryClient) {
    this.#folder = folder
    this.#client = client
  }

  /** @throws registry-unreachable, untrusted-release, package-refused */
  async open(release: Release): Promise<OpenedPackage> {
    const path = join(this.#folder, `${release.digest}.tgz`)
    const kept = await openPackage(path).catch(() => undefined)
    if (kept?.digest === release.digest) return kept
    const downloaded = await this.#client.download(release)
    await mkdir(this.#folder, { recursive: true })
    await rename(downloaded, path)
    return openPackage(path)
  }

  /** Removes the packages of other digests. */
  async keepOnly(digests: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names) {
      if (!digests.has(name.slice(0, -'.tgz'.length))) await rm(join(this.#folder, name), { force: true })
    }
  }
}
