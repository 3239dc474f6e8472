import { createHash } from 'node:crypto'
import { checkMetadata, isInPrefix, roleNameOf } from '@opsflux/registry-metadata'
import { isOpsFluxError } from '@opsflux/sdk'
import { TrustedMetadataStore } from 'tuf-js/dist/store.js'
import { BadVersionError, EqualVersionError } from 'tuf-js/dist/error.js'
import { trustFault, untrusted, unreachable } from './faults.ts'
import type { LocalMetadata, MetadataKind, MetadataSource } from './metadata-source.ts'
import { delegatedPublishers, earliestExpiry, releasesOf } from './trusted-state.ts'
import type { TrustedPublisher, TrustedState } from './trusted-state.ts'
import type { VersionStore } from './version-store.ts'

const maxRootRotations = 256

export interface TrustOptions {
  /** Bytes of the root metadata this platform was given to trust. */
  pinnedRoot: Buffer
  local: LocalMetadata
  /** Where newer metadata comes from: the registry, or the local copies alone. */
  source: MetadataSource
  versions: VersionStore
}

/**
 * The client workflow of TUF 1.0.31, section 5, over tuf-js's trusted set. It begins at the pinned root every time, so a torn
 * local file is fetched again and cannot lock a platform out; what was seen before is held in the version store.
 */
export class TrustWalk {
  readonly #options: TrustOptions
  readonly #set: TrustedMetadataStore

  constructor(options: TrustOptions) {
    this.#options = options
    try {
      checkMetadata(options.pinnedRoot, 'root')
      this.#set = new TrustedMetadataStore(options.pinnedRoot)
    } catch (error) {
      throw trustFault('pinned root', error)
    }
  }

  /** @throws registry-unreachable, metadata-expired, untrusted-release */
  async run(): Promise<TrustedState> {
    await this.#roots()
    await this.#timestamp()
    await this.#snapshot()
    await this.#role('targets', 'root')
    const { root, timestamp, snapshot, targets } = this.#set
    if (!timestamp || !snapshot || !targets) throw untrusted('The metadata of the registry is incomplete.')
    const publishers = delegatedPublishers(targets.signed)
    for (const publisher of publishers) await this.#publisher(publisher, publishers)
    return { expires: earliestExpiry(root.signed.expires, timestamp.signed.expires, snapshot.signed.expires, targets.signed.expires), publishers }
  }

  async #roots(): Promise<void> {
    const { local, source, pinnedRoot } = this.#options
    for (let turn = 0; turn < maxRootRotations; turn += 1) {
      const next = this.#set.root.signed.version + 1
      if (await this.#accept('root', await local.read('root', next), (bytes) => this.#set.updateRoot(bytes))) continue
      const bytes = await source.read('root', next, 'root')
      if (!bytes) break
      this.#verify('root', 'root', bytes, () => this.#set.updateRoot(bytes))
      await local.keep('root', next, bytes)
    }
    // TUF 5.3.5: a chain that ends before the root already seen is a roll-back.
    await this.#neverBack(`root@${fingerprint(pinnedRoot)}`, 'root', this.#set.root.signed.version)
  }

  async #timestamp(): Promise<void> {
    const { local, source } = this.#options
    const kept = await local.read('timestamp', undefined)
    await this.#accept('timestamp', kept, (bytes) => this.#set.updateTimestamp(bytes))
    const bytes = await source.read('timestamp', undefined, 'timestamp')
    if (!bytes) throw unreachable(undefined, 'its metadata was never read on this platform')
    // TUF 5.4.3.1: the same version again is no news and no fault.
    const isNews = this.#verify('timestamp', 'timestamp', bytes, () => this.#unlessEqual(() => this.#set.updateTimestamp(bytes)))
    const current = this.#set.timestamp?.signed
    if (!current) throw untrusted('The registry has no timestamp metadata.')
    await this.#neverBack(this.#scoped('timestamp'), 'timestamp', current.version)
    await this.#neverBack(this.#scoped('snapshot'), 'snapshot', current.snapshotMeta.version)
    if (isNews) await local.keep('timestamp', undefined, bytes)
  }

  async #snapshot(): Promise<void> {
    const { local, source } = this.#options
    const meta = this.#set.timestamp?.signed.snapshotMeta
    if (!meta?.hashes) throw untrusted('The timestamp metadata of the registry does not say what the snapshot is.')
    const kept = await local.read('snapshot', meta.version)
    if (await this.#accept('snapshot', kept, (bytes) => { meta.verify(bytes); this.#set.updateSnapshot(bytes) })) return
    const bytes = await source.read('snapshot', meta.version, 'snapshot')
    if (!bytes) throw unreachable(undefined, 'its snapshot metadata was never read on this platform')
    this.#verify('snapshot', 'snapshot', bytes, () => this.#set.updateSnapshot(bytes))
    await local.keep('snapshot', meta.version, bytes)
  }

  async #role(role: string, delegator: string): Promise<void> {
    const { local, source } = this.#options
    const meta = this.#set.snapshot?.signed.meta[`${role}.json`]
    if (!meta?.hashes) throw untrusted(`The snapshot metadata of the registry does not say what ${role} is.`)
    await this.#neverBack(this.#scoped(role), role, meta.version)
    const kept = await local.read(role, meta.version)
    if (await this.#accept('targets', kept, (bytes) => { meta.verify(bytes); this.#set.updateDelegatedTargets(bytes, role, delegator) })) return
    const bytes = await source.read(role, meta.version, 'targets')
    if (!bytes) throw unreachable(undefined, `its ${role} metadata was never read on this platform`)
    this.#verify(role, 'targets', bytes, () => this.#set.updateDelegatedTargets(bytes, role, delegator))
    await local.keep(role, meta.version, bytes)
  }

  // What is wrong with one publisher must not take the releases of the others away.
  async #publisher(publisher: TrustedPublisher, all: readonly TrustedPublisher[]): Promise<void> {
    const role = roleNameOf(publisher.name)
    const isListed = this.#set.snapshot?.signed.meta[`${role}.json`] !== undefined
    // A publisher that has never published has no file yet; one that was seen may not vanish (TUF 5.5.5).
    if (!isListed && (await this.#options.versions.get(this.#scoped(role))) === undefined) return
    try {
      await this.#role(role, 'targets')
    } catch (error) {
      // A network that breaks off says nothing about the publisher: the walk as a whole has failed.
      if (isOpsFluxError(error) && error.code === 'registry-unreachable') throw error
      publisher.problem = trustFault(role, error)
      return
    }
    const targets = this.#set.getRole(role)?.signed
    if (!targets) return
    publisher.expires = earliestExpiry(targets.expires)
    // TUF 5.6.7.2.1: delegations are terminating, so the first publisher that covers an id is the only one.
    publisher.releases = releasesOf(publisher.name, targets, (id) => all.find((one) => isInPrefix(id, one.prefixes)) === publisher)
  }

  /** Takes a local copy if it is good; a torn, old or forged one is no fault. */
  async #accept(kind: MetadataKind, bytes: Buffer | undefined, update: (bytes: Buffer) => unknown): Promise<boolean> {
    if (!bytes) return false
    try {
      checkMetadata(bytes, kind)
      update(bytes)
      return true
    } catch {
      return false
    }
  }

  #verify<T>(what: string, kind: MetadataKind, bytes: Buffer, update: () => T): T {
    try {
      checkMetadata(bytes, kind)
      return update()
    } catch (error) {
      if (error instanceof BadVersionError) throw rolledBack(what, error.message, error)
      throw trustFault(what, error)
    }
  }

  #unlessEqual(update: () => unknown): boolean {
    try {
      update()
      return true
    } catch (error) {
      if (error instanceof EqualVersionError) return false
      throw error
    }
  }

  async #neverBack(key: string, what: string, version: number): Promise<void> {
    const seen = await this.#options.versions.get(key)
    if (seen !== undefined && version < seen) throw rolledBack(what, `version ${version} is offered, version ${seen} was seen before`)
    await this.#options.versions.set(key, version)
  }

  // TUF 5.3.11: new timestamp or snapshot keys end a fast-forward attack, so what was seen counts per set of keys.
  #scoped(role: string): string {
    const { roles } = this.#set.root.signed
    return `${role}@${fingerprint(JSON.stringify([roles.timestamp?.keyIDs, roles.snapshot?.keyIDs]))}`
  }
}

function rolledBack(what: string, why: string, cause?: unknown): Error {
  return untrusted(`The ${what} metadata of the registry goes back in time: ${why}.`, cause)
}

function fingerprint(value: Buffer | string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12)
}
