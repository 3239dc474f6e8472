import { readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isOpsFluxError } from '@opsflux/sdk'
import { findReleases, type SourceRelease } from './first-party.ts'
import type { Home } from './home.ts'
import { readPublicationRecord, writePublicationRecord, type PublicationRecord, type PublishedRelease } from './publication-record.ts'
import { publisher, type RegistryHome } from './registry-home.ts'

type BuiltRelease = { path: string } | { failure: string }

/** Brings the first-party releases into the registry: only those that are new or changed since the last start. */
export class Publication {
  readonly #registry: RegistryHome
  readonly #releases: SourceRelease[]
  readonly #record: PublicationRecord
  readonly #recordPath: string
  readonly #buildFolder: string
  readonly #tell: (message: string) => void

  constructor(rootFolder: string, home: Home, registry: RegistryHome, tell: (message: string) => void) {
    this.#registry = registry
    this.#recordPath = join(home.path, 'published.json')
    this.#buildFolder = join(home.run, 'build')
    this.#record = readPublicationRecord(this.#recordPath, registry.fingerprint)
    this.#releases = findReleases(rootFolder)
    this.#tell = tell
  }

  /** False when the registry has all of it. */
  get isNeeded(): boolean {
    return this.#waiting.length > 0
  }

  /**
   * Builds while the registry starts and publishes in the order of versions. One release that fails stops no other, and nothing
   * stops the start: what was published before goes on being offered.
   */
  async run(registryUrl: Promise<string>): Promise<string> {
    const waiting = this.#waiting
    if (waiting.length > 0) await this.#publish(waiting, registryUrl)
    this.#tellDifferences()
    return this.#releases.map(({ id, version }) => `${id} ${version}`).join(', ')
  }

  get #waiting(): SourceRelease[] {
    return this.#releases.filter((release) => this.#known(release)?.sources !== release.sources)
  }

  #known({ id, version }: SourceRelease): PublishedRelease | undefined {
    return this.#record.releases[`${id}@${version}`]
  }

  async #publish(releases: readonly SourceRelease[], registryUrl: Promise<string>): Promise<void> {
    // What an interrupted start left; the lock of the data folder sees to it that nobody else builds here.
    rmSync(this.#buildFolder, { recursive: true, force: true })
    try {
      const built = await inLanes(releases, Math.min(2, availableParallelism()), (release) => this.#build(release))
      const url = await registryUrl
      for (const [index, release] of releases.entries()) await this.#publishOne(release, built[index], url)
    } finally {
      rmSync(this.#buildFolder, { recursive: true, force: true })
    }
  }

  async #build({ id, folder, overlay, version }: SourceRelease): Promise<BuiltRelease> {
    const { buildPackage } = await import('@opsflux/cli')
    const out = join(this.#buildFolder, `${id}@${version}`)
    return buildPackage({ folder, out, privateKeyPem: readFileSync(this.#registry.key, 'utf8'), ...(overlay ? { overlay } : {}) })
      .catch((error: unknown) => ({ failure: messageOf(error) }))
  }

  async #publishOne({ id, version, sources }: SourceRelease, built: BuiltRelease | undefined, registryUrl: string): Promise<void> {
    if (!built || 'failure' in built) return this.#tell(`${id} ${version} was not published: ${built?.failure}`)
    const { publishRelease } = await import('@opsflux/registry-client')
    try {
      await publishRelease({ registryUrl, packagePath: built.path, publisher, privateKeyPem: readFileSync(this.#registry.key, 'utf8') })
      this.#record.releases[`${id}@${version}`] = { sources, state: 'published' }
    } catch (error) {
      if (!isOpsFluxError(error) || error.code !== 'conflict') return this.#tell(`${id} ${version} was not published: ${messageOf(error)}`)
      this.#record.releases[`${id}@${version}`] = { sources, state: 'differs' }
    }
    writePublicationRecord(this.#recordPath, this.#record)
  }

  #tellDifferences(): void {
    const different = this.#releases.filter((release) => this.#known(release)?.state === 'differs')
    for (const [id, releases] of Map.groupBy(different, (release) => release.id)) {
      const versions = releases.map(({ version }) => version).join(' and ')
      this.#tell(`The sources of ${id} ${versions} have changed since that was published. A published release never changes, so the registry keeps offering what it has: raise the version in plugins/${id}/package.json to publish the new sources.`)
    }
  }
}

/** Does the work for every item, `lanes` at a time; the results are in the order of the items. */
async function inLanes<Item, Result>(items: readonly Item[], lanes: number, work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
