import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import semver from 'semver'
import { servedPathOf, type PublicKey } from '@opsflux/registry-metadata'
import { isOpsFluxError, sdkVersion, type OpsFluxError } from '@opsflux/sdk'
import { removeOldFiles } from './atomic-file.ts'
import { expired, revoked, unreachable, untrusted } from './faults.ts'
import { downloadFile, type Exchange } from './http.ts'
import { LocalMetadata, RemoteMetadata } from './metadata-source.ts'
import { openPackage, type OpenedPackage } from './package/open-package.ts'
import { checkSignature } from './package/signature.ts'
import { defaultPatience, type Patience } from './patience.ts'
import { allRevocations, keepRevocations, offeredIn, revocationOf } from './revocations.ts'
import { TrustWalk } from './trust.ts'
import { ownerOf, type Release, type Revocation, type TrustedState } from './trusted-state.ts'
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
  /** Within that: how long the first byte of an answer may take, and how slow the rest may come. */
  patience?: Partial<Patience>
  /** Default: a file in `cacheDir`. */
  versions?: VersionStore
}

/** How this platform stands with its registry. */
export interface RegistryHealth {
  /** When its metadata was last read and verified. */
  checkedAt?: Date
  /** When what was verified last runs out, or ran out. */
  expires?: Date
  /** Whether it answered when it was last asked; false before that. */
  reachable: boolean
  /** Why nothing can be installed now. */
  problem?: OpsFluxError
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
  #checkedAt: Date | undefined
  #expires: Date | undefined
  #isReachable = false
  #problem: OpsFluxError | undefined

  constructor(options: RegistryClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') }
    this.#timeoutMs = options.timeoutMs ?? 60_000
    this.#local = new LocalMetadata(join(options.cacheDir, 'metadata'))
    this.#versions = options.versions ?? new FileVersionStore(options.cacheDir)
  }

  /** Reads and verifies the registry's metadata; calls at the same time share one walk. @throws registry-unreachable, metadata-expired, untrusted-release */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#askRegistry().finally(() => { this.#refreshing = undefined })
    return this.#refreshing
  }

  /** Without asking anybody. */
  status(): RegistryHealth {
    const expires = this.#state?.expires ?? this.#expires
    const problem = this.#problem ?? (expires && expires < new Date() ? expired('The metadata of the registry') : undefined)
    return {
      reachable: this.#isReachable, ...(this.#checkedAt ? { checkedAt: this.#checkedAt } : {}), ...(expires ? { expires } : {}), ...(problem ? { problem } : {}),
    }
  }

  /** Every release of every publisher whose metadata is good, without revoked ones. */
  async releases(): Promise<Release[]> {
    return offeredIn(await this.#current())
  }

  /**
   * Every release that must not run any more, as last verified: also when the metadata has expired since, because what is revoked stays so.
   * @throws registry-unreachable, metadata-expired, untrusted-release when nothing was verified yet
   */
  async revocations(): Promise<Revocation[]> {
    return allRevocations(this.#state ?? await this.#current())
  }

  /** Undefined when there is none, or when it was revoked. */
  async release(id: string, version: string): Promise<Release | undefined> {
    return (await this.#releasesOf(id)).find((release) => release.version === version)
  }

  /** The newest release, out of those that were not revoked, that runs on this SDK; pre-releases only when there is nothing else. */
  async latest(id: string, sdk = sdkVersion): Promise<Release | undefined> {
    const fitting = (await this.#releasesOf(id)).filter((release) => semver.satisfies(sdk, release.sdk)).toSorted((a, b) => semver.rcompare(a.version, b.version))
    return fitting.find((release) => semver.prerelease(release.version) === null) ?? fitting[0]
  }

  /** The publishers whose prefix covers an id; at most one signs it. */
  async publishersFor(id: string): Promise<{ name: string; keys: PublicKey[] }[]> {
    const owner = ownerOf(id, (await this.#current()).publishers)
    return owner ? [owner] : []
  }

  /** The verified package of a release, in the cache folder: move it away within the hour. @throws registry-unreachable, untrusted-release, release-revoked, package-refused */
  async download(release: Release): Promise<string> {
    await this.#refuseRevoked(release)
    const known = await this.release(release.id, release.version)
    if (!known || known.digest !== release.digest) throw untrusted(`${release.id} ${release.version} with that digest is not in the registry's signed metadata.`)
    // A name of its own: another host that shares the folder may move its download away at any moment.
    const path = join(this.#options.cacheDir, 'downloads', `${known.digest}.${randomUUID()}.tgz`)
    await removeOldFiles(dirname(path))
    const url = `${this.#options.url}/targets/${servedPathOf(known.id, known.version, known.digest)}`
    await downloadFile(url, path, { size: known.size, digest: known.digest }, this.#exchange())
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
   * whose prefix covers its id, and it was not revoked. @throws untrusted-release, release-revoked, registry-unreachable
   */
  async verifyPackage(opened: Pick<OpenedPackage, 'plugin' | 'manifestBytes' | 'signature'> & { digest?: string }): Promise<{ publisher: string }> {
    const { id, version, publisher: claimed } = opened.plugin
    const [publisher] = await this.publishersFor(id)
    if (!publisher) throw untrusted(`No publisher of the registry owns the id "${id}".`)
    if (publisher.name !== claimed) throw untrusted(`"${id}" belongs to the publisher ${publisher.name}; the package says ${claimed}.`)
    try {
      checkSignature(opened, publisher.keys)
    } catch (error) {
      throw untrusted(`${error instanceof Error ? error.message : 'The signature is wrong.'} Its publisher would be ${publisher.name}.`, error)
    }
    await this.#refuseRevoked({ id, version, ...(opened.digest === undefined ? {} : { digest: opened.digest }) })
    return { publisher: publisher.name }
  }

  async #refuseRevoked(release: { id: string; version: string; digest?: string }): Promise<void> {
    const revocation = revocationOf(await this.#current(), release)
    if (revocation) throw revoked(revocation)
  }

  #exchange(): Exchange {
    return { signal: AbortSignal.timeout(this.#timeoutMs), patience: { ...defaultPatience, ...this.#options.patience } }
  }

  async #askRegistry(): Promise<void> {
    try {
      await this.#walk(new RemoteMetadata(this.#options.url, this.#exchange()))
      this.#isReachable = true
      this.#checkedAt = new Date()
      this.#problem = undefined
      await this.#local.markChecked(this.#checkedAt)
    } catch (error) {
      this.#problem = isOpsFluxError(error) ? error : undefined
      this.#isReachable = isOpsFluxError(error) && error.code !== 'registry-unreachable'
      throw error
    }
  }

  async #walk(source: RemoteMetadata | LocalMetadata): Promise<void> {
    const walk = new TrustWalk({ pinnedRoot: this.#options.root, local: this.#local, source, versions: this.#versions })
    try {
      this.#state = keepRevocations(this.#state, await walk.run())
    } finally {
      this.#expires = walk.expires ?? this.#expires
    }
  }

  async #current(): Promise<TrustedState> {
    if (!this.#state) await (this.#refreshing ?? this.#walkFirst())
    // What ran out since it was read may have been renewed.
    if (this.#state && this.#state.expires < new Date()) await this.#renewed(expired('The metadata of the registry'))
    const state = this.#state
    if (!state) throw unreachable(this.#options.url, 'its metadata was never read on this platform')
    return state
  }

  // After a restart what was verified before is enough to judge a file, even without the network.
  #walkFirst(): Promise<void> {
    this.#first ??= this.#walkLocal().catch((error: unknown) => this.#renewed(error)).finally(() => { this.#first = undefined })
    return this.#first
  }

  async #walkLocal(): Promise<void> {
    this.#checkedAt ??= await this.#local.checkedAt()
    await this.#walk(this.#local)
    // What is missing of one publisher is asked for; where nobody answers, the others are judged by what is here.
    const isWhole = this.#state?.publishers.every(({ problem }) => problem?.code !== 'registry-unreachable') ?? false
    if (!isWhole) await this.refresh().catch(() => {})
  }

  /** Asks the registry; where it cannot be reached, what was wrong before says more. */
  async #renewed(before: unknown): Promise<void> {
    await this.refresh().catch((error: unknown) => {
      const isOffline = isOpsFluxError(error) && error.code === 'registry-unreachable'
      throw isOffline && isOpsFluxError(before) && before.code === 'metadata-expired' ? before : error
    })
  }

  async #releasesOf(id: string): Promise<Release[]> {
    const state = await this.#current()
    const publisher = ownerOf(id, state.publishers)
    if (publisher?.problem) throw publisher.problem
    if (publisher?.expires && publisher.expires < new Date()) throw expired(`The metadata of the publisher ${publisher.name}`)
    return publisher?.releases.filter((release) => release.id === id && !revocationOf(state, release)) ?? []
  }
}
