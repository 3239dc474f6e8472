import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import semver from 'semver'
import { isInPrefix, servedPathOf, type PublicKey } from '@opsflux/registry-metadata'
import { isOpsFluxError, sdkVersion } from '@opsflux/sdk'
import { expired, unreachable, untrusted } from './faults.ts'
import { downloadFile } from './http.ts'
import { LocalMetadata, RemoteMetadata } from './metadata-source.ts'
import { openPackage, type OpenedPackage } from './package/open-package.ts'
import { checkSignature } from './package/signature.ts'
import { TrustWalk } from './trust.ts'
import type { Release, TrustedPublisher, TrustedState } from './trusted-state.ts'
import { FileVersionStore, type VersionStore } from './version-store.ts'

export interface RegistryClientOptions {
  /** Such as `http://127.0.0.1:3001`. */
  url: string
  /** Bytes of the root metadata this platform was given to trust. */
  root: Buffer
  /** Folder of verified metadata and downloads. */
  cacheDir: string
  /** For one refresh, and for one download. Default 60,000. */
  timeoutMs?: number
  /** Default: a file in `cacheDir`. */
  versions?: VersionStore
}

/** Finds, downloads and verifies releases. Nothing it answers is unverified; a failure leaves what is installed alone. */
export class RegistryClient {
  readonly #options: RegistryClientOptions
  readonly #timeoutMs: number
  readonly #versions: VersionStore
  readonly #local: LocalMetadata
  #state: TrustedState | undefined
  #refreshing: Promise<void> | undefined
  #first: Promise<void> | undefined

  constructor(options: RegistryClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') }
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#local = new LocalMetadata(join(options.cacheDir, 'metadata'))
    this.#versions = options.versions ?? new FileVersionStore(options.cacheDir)
  }

  /** Reads and verifies the registry's metadata; calls at the same time share one walk. @throws registry-unreachable, metadata-expired, untrusted-release */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#walk(new RemoteMetadata(this.#options.url, AbortSignal.timeout(this.#timeoutMs))).finally(() => { this.#refreshing = undefined })
    return this.#refreshing
  }

  /** Every release of every publisher whose metadata is good. */
  async releases(): Promise<Release[]> {
    return (await this.#publishers()).flatMap((publisher) => publisher.releases)
  }

  async release(id: string, version: string): Promise<Release | undefined> {
    return (await this.#releasesOf(id)).find((release) => release.version === version)
  }

  /** The newest release that runs on this SDK; pre-releases only when there is nothing else. */
  async latest(id: string, sdk = sdkVersion): Promise<Release | undefined> {
    const fitting = (await this.#releasesOf(id)).filter((release) => semver.satisfies(sdk, release.sdk)).toSorted((a, b) => semver.rcompare(a.version, b.version))
    return fitting.find((release) => semver.prerelease(release.version) === null) ?? fitting[0]
  }

  /** The publishers whose prefix covers an id; at most one signs it. */
  async publishersFor(id: string): Promise<{ name: string; keys: PublicKey[] }[]> {
    return (await this.#publishers()).filter((publisher) => isInPrefix(id, publisher.prefixes)).slice(0, 1)
  }

  /** The verified package of a release, in the cache folder. @throws registry-unreachable, untrusted-release, package-refused */
  async download(release: Release): Promise<string> {
    const known = await this.release(release.id, release.version)
    if (!known || known.digest !== release.digest) throw untrusted(`${release.id} ${release.version} with that digest is not in the registry's signed metadata.`)
    const path = join(this.#options.cacheDir, 'downloads', `${known.digest}.tgz`)
    const url = `${this.#options.url}/targets/${servedPathOf(known.id, known.version, known.digest)}`
    await downloadFile(url, path, { size: known.size, digest: known.digest }, AbortSignal.timeout(this.#timeoutMs))
    try {
      const opened = await openPackage(path)
      if (opened.plugin.id !== known.id || opened.plugin.version !== known.version) throw untrusted(`The package of ${known.id} ${known.version} says it is ${opened.plugin.id} ${opened.plugin.version}.`)
      await this.verifyPackage(opened)
      return path
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }

  /**
   * Proves who published a package, wherever it came from: its manifest is signed with a key of the one publisher
   * whose prefix covers its id. @throws untrusted-release, registry-unreachable
   */
  async verifyPackage(opened: Pick<OpenedPackage, 'plugin' | 'manifestBytes' | 'signature'>): Promise<{ publisher: string }> {
    const { id, publisher: claimed } = opened.plugin
    const [publisher] = await this.publishersFor(id)
    if (!publisher) throw untrusted(`No publisher of the registry owns the id "${id}".`)
    if (publisher.name !== claimed) throw untrusted(`"${id}" belongs to the publisher ${publisher.name}; the package says ${claimed}.`)
    try {
      checkSignature(opened, publisher.keys)
    } catch (error) {
      throw untrusted(`${error instanceof Error ? error.message : 'The signature is wrong.'} Its publisher would be ${publisher.name}.`, error)
    }
    return { publisher: publisher.name }
  }

  async #walk(source: RemoteMetadata | LocalMetadata): Promise<void> {
    this.#state = await new TrustWalk({ pinnedRoot: this.#options.root, local: this.#local, source, versions: this.#versions }).run()
  }

  async #publishers(): Promise<TrustedPublisher[]> {
    if (!this.#state) await (this.#refreshing ?? this.#walkFirst())
    // What ran out since it was read may have been renewed.
    if (this.#state && this.#state.expires < new Date()) await this.#renewed(expired('The metadata of the registry'))
    const state = this.#state
    if (!state) throw unreachable(this.#options.url, 'its metadata was never read on this platform')
    return state.publishers
  }

  // After a restart what was verified before is enough to judge a file, even without the network.
  #walkFirst(): Promise<void> {
    this.#first ??= this.#walk(this.#local).catch((error: unknown) => this.#renewed(error)).finally(() => { this.#first = undefined })
    return this.#first
  }

  /** Asks the registry; where it cannot be reached, what was wrong before says more. */
  async #renewed(before: unknown): Promise<void> {
    await this.refresh().catch((error: unknown) => {
      const isOffline = isOpsFluxError(error) && error.code === 'registry-unreachable'
      throw isOffline && isOpsFluxError(before) && before.code === 'metadata-expired' ? before : error
    })
  }

  async #releasesOf(id: string): Promise<Release[]> {
    const publisher = (await this.#publishers()).find((candidate) => isInPrefix(id, candidate.prefixes))
    if (publisher?.problem) throw publisher.problem
    if (publisher?.expires && publisher.expires < new Date()) throw expired(`The metadata of the publisher ${publisher.name}`)
    return publisher?.releases.filter((release) => release.id === id) ?? []
  }
}
