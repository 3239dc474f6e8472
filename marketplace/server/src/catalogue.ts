import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import type { RegistryClient, Release } from '@opsflux/registry-client'
import type { Logger } from 'pino'
import semver from 'semver'
import type { PackageCache } from './package-cache.ts'
import { foldText, presentationOf, type Presentation } from './presentation.ts'

/** A module of the catalogue. */
export interface CatalogueModule {
  presentation: Presentation
  /** Newest first. */
  releases: Release[]
  /** Version of the newest release; a pre-release only when there is nothing else. */
  latest: string
}

/** The modules that the registry's verified metadata lists, as last seen; they stay while the registry is away. */
export class Catalogue {
  readonly #client: RegistryClient
  readonly #packages: PackageCache
  readonly #log: Logger
  readonly #presentations = new Map<string, Presentation>()
  #modules = new Map<string, CatalogueModule>()
  #refreshing: Promise<void> | undefined
  #refreshedAt: Date | undefined

  constructor(client: RegistryClient, packages: PackageCache, log: Logger) {
    this.#client = client
    this.#packages = packages
    this.#log = log
  }

  /** Undefined until the registry's metadata was read once. */
  get refreshedAt(): Date | undefined {
    return this.#refreshedAt
  }

  /** Asks the registry what is new; calls at the same time share one answer. @throws registry-unreachable, metadata-expired, untrusted-release */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#client.refresh().then(() => this.#read()).finally(() => { this.#refreshing = undefined })
    return this.#refreshing
  }

  /** Shows what was verified before this process started. */
  readKept(): Promise<void> {
    return this.#read()
  }

  /** The modules that have every word of `text` in their name, summary, category or id, in any language; by name. */
  search(text: string): CatalogueModule[] {
    const words = foldText(text).split(/\s+/).filter((word) => word !== '')
    const found = [...this.#modules.values()].filter(({ presentation }) => words.every((word) => presentation.searchText.includes(word)))
    return found.toSorted((one, other) => one.presentation.name.localeCompare(other.presentation.name, 'en'))
  }

  /** @throws not-found */
  module(id: string): CatalogueModule {
    const found = this.#modules.get(id)
    if (!found) throw new OpsFluxError('not-found', `There is no module "${id.slice(0, 60)}" in the catalogue. Look for it in the list.`)
    return found
  }

  async #read(): Promise<void> {
    const modules = new Map<string, CatalogueModule>()
    for (const [id, releases] of Map.groupBy(await this.#client.releases(), (release) => release.id)) {
      const newestFirst = releases.toSorted((one, other) => semver.rcompare(one.version, other.version))
      const latest = newestFirst.find((release) => semver.prerelease(release.version) === null) ?? newestFirst[0]
      const presentation = latest && await this.#presentationOf(latest)
      if (latest && presentation) modules.set(id, { presentation, releases: newestFirst, latest: latest.version })
    }
    this.#modules = modules
    this.#refreshedAt = new Date()
    await this.#forgetOthers()
  }

  /** Falls back to what is shown now, so that one package that cannot be had takes nothing away. */
  async #presentationOf(release: Release): Promise<Presentation | undefined> {
    const known = this.#presentations.get(release.digest)
    if (known) return known
    try {
      const presentation = presentationOf(await this.#packages.open(release))
      this.#presentations.set(release.digest, presentation)
      return presentation
    } catch (error) {
      if (!isOpsFluxError(error)) throw error
      this.#log.warn({ id: release.id, version: release.version, code: error.code, reason: error.message }, 'a release cannot be shown')
      return this.#modules.get(release.id)?.presentation
    }
  }

  async #forgetOthers(): Promise<void> {
    const shown = new Set([...this.#modules.values()].flatMap(({ releases, latest }) => releases.filter((release) => release.version === latest).map((release) => release.digest)))
    for (const digest of this.#presentations.keys()) if (!shown.has(digest)) this.#presentations.delete(digest)
    await this.#packages.keepOnly(shown)
  }
}
