import { createHash } from 'node:crypto'
import type { MetaFile, Targets } from '@tufjs/models'
import { archiveNameOf, checkMetadata, parseTargets, roleNameOf } from '@opsflux/registry-metadata'
import { isOpsFluxError } from '@opsflux/sdk'
import { TrustedMetadataStore } from 'tuf-js/dist/store.js'
import { BadVersionError, EqualVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js'
import { expired, trustFault, untrusted, unreachable } from './faults.ts'
import type { LocalMetadata, MetadataKind, MetadataSource } from './metadata-source.ts'
import { archivesOf, delegatedPublishers, earliestExpiry, ownerOf, releasesOf, revokedIn } from './trusted-state.ts'
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
  /** Versions of the verified roles, by name. */
  readonly #read = new Map<string, number>()
  #targetsExpiry: string | undefined
  /** Snapshot and timestamp that are not kept yet, in the order in which they will be. */
  readonly #news: [role: string, version: number | undefined, bytes: Buffer][] = []
  /** Versions to remember when all of it was verified. */
  readonly #seen = new Map<string, number>()

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
    const { targets } = this.#set
    const expires = this.expires
    if (!targets || !expires) throw untrusted('The metadata of the registry is incomplete.')
    const publishers = delegatedPublishers(targets.signed)
    for (const publisher of publishers) await this.#publisher(publisher, publishers)
    await this.#remember()
    return { expires, publishers, revoked: revokedIn([targets.signed], 'registry', () => true) }
  }

  // Only a walk that came to its end counts: what is kept is always whole, so a network that breaks off (or somebody who breaks
  // it off) takes nothing away from a platform that is started again without it. Files come first, they are judged by the versions.
  async #remember(): Promise<void> {
    const { local, versions } = this.#options
    for (const [role, version, bytes] of this.#news) await local.keep(role, version, bytes)
    for (const [key, version] of this.#seen) await versions.set(key, version)
    await local.keepOnly(this.#read)
  }

  /** When the first of the top-level roles runs out or ran out, of those verified so far; also after {@link run} has failed. */
  get expires(): Date | undefined {
    const { root, timestamp, snapshot } = this.#set
    if (!timestamp && !root.signed.isExpired()) return undefined
    return earliestExpiry(...[root.signed.expires, timestamp?.signed.expires, snapshot?.signed.expires, this.#targetsExpiry].filter((text) => text !== undefined))
  }

  async #roots(): Promise<void> {
    const { local, source, pinnedRoot } = this.#options
    for (let turn = 0; turn < maxRootRotations; turn += 1) {
      const next = this.#set.root.signed.version + 1
      if (await this.#accept('root', await local.read('root', next, 'root'), (bytes) => this.#set.updateRoot(bytes))) continue
      const bytes = await source.read('root', next, 'root')
      if (!bytes) break
      this.#verify('root', 'root', bytes, () => this.#set.updateRoot(bytes))
      await local.keep('root', next, bytes)
    }
    // TUF 5.3.5: a chain that ends before the root already seen is a roll-back.
    const key = `root@${fingerprint(pinnedRoot)}`
    const { version } = this.#set.root.signed
    await this.#neverBack(key, 'root', version)
    await this.#options.versions.set(key, version)
    // TUF 5.3.10: only the last of the chain has to be current.
    if (this.#set.root.signed.isExpired()) throw expired('The root metadata of the registry')
  }

  async #timestamp(): Promise<void> {
    const { local, source } = this.#options
    const kept = await local.read('timestamp', undefined, 'timestamp')
    await this.#accept('timestamp', kept, (bytes) => this.#set.updateTimestamp(bytes))
    const bytes = await source.read('timestamp', undefined, 'timestamp')
    if (!bytes) throw unreachable(undefined, 'its metadata was never read on this platform')
    // TUF 5.4.3.1: the same version again is no news and no fault.
    const isNews = this.#verify('timestamp', 'timestamp', bytes, () => this.#unlessEqual(() => this.#set.updateTimestamp(bytes)))
    const current = this.#set.timestamp?.signed
    if (!current) throw untrusted('The registry has no timestamp metadata.')
    await this.#neverBack(this.#scoped('timestamp'), 'timestamp', current.version)
    await this.#neverBack(this.#scoped('snapshot'), 'snapshot', current.snapshotMeta.version)
    // The same timestamp again may have run out meanwhile (TUF 5.4.4).
    if (current.isExpired()) throw expired('The timestamp metadata of the registry')
    if (isNews) this.#news.push(['timestamp', undefined, bytes])
    this.#seen.set(this.#scoped('timestamp'), current.version).set(this.#scoped('snapshot'), current.snapshotMeta.version)
  }

  /** What the local copies do not have intact, the local copies cannot give. */
  async #ask(role: string, version: number, kind: MetadataKind): Promise<Buffer | undefined> {
    const { local, source } = this.#options
    return source === local ? undefined : source.read(role, version, kind)
  }

  async #snapshot(): Promise<void> {
    const { local } = this.#options
    const meta = this.#set.timestamp?.signed.snapshotMeta
    if (!meta?.hashes) throw untrusted('The timestamp metadata of the registry does not say what the snapshot is.')
    this.#read.set('snapshot', meta.version)
    const kept = intact(meta, await local.read('snapshot', meta.version, 'snapshot'))
    const bytes = kept ?? await this.#ask('snapshot', meta.version, 'snapshot')
    if (!bytes) throw unreachable(undefined, 'its snapshot metadata was never read on this platform')
    this.#verify('snapshot', 'snapshot', bytes, () => this.#set.updateSnapshot(bytes))
    if (!kept) this.#news.unshift(['snapshot', meta.version, bytes])
  }

  async #role(role: string, delegator: string): Promise<void> {
    const { local } = this.#options
    const meta = this.#set.snapshot?.signed.meta[`${role}.json`]
    if (!meta?.hashes) throw untrusted(`The snapshot metadata of the registry does not say what ${role} is.`)
    await this.#neverBack(this.#scoped(role), role, meta.version)
    this.#read.set(role, meta.version)
    const kept = intact(meta, await local.read(role, meta.version, 'targets'))
    const bytes = kept ?? await this.#ask(role, meta.version, 'targets')
    if (!bytes) throw unreachable(undefined, `its ${role} metadata was never read on this platform`)
    this.#verify(role, 'targets', bytes, () => this.#update(bytes, role, delegator))
    if (!kept) await local.keep(role, meta.version, bytes)
    // Not before: whoever has the keys of the snapshot alone must not push a version up that its publisher never signed.
    this.#seen.set(this.#scoped(role), meta.version)
  }

  #update(bytes: Buffer, role: string, delegator: string): void {
    try {
      this.#set.updateDelegatedTargets(bytes, role, delegator)
      if (role === 'targets') this.#targetsExpiry = this.#set.targets?.signed.expires
    } catch (error) {
      // Looked at last, when all the rest of it was found genuine.
      if (role === 'targets' && error instanceof ExpiredMetadataError) this.#targetsExpiry = parseTargets(bytes).signed.expires
      throw error
    }
  }

  // What is wrong with one publisher must not take the releases of the others away.
  async #publisher(publisher: TrustedPublisher, all: readonly TrustedPublisher[]): Promise<void> {
    const role = roleNameOf(publisher.name)
    const isListed = this.#set.snapshot?.signed.meta[`${role}.json`] !== undefined
    // A publisher that has never published has no file yet; one that was seen may not vanish (TUF 5.5.5).
    if (!isListed && (await this.#options.versions.get(this.#scoped(role))) === undefined) return
    try {
      await this.#role(role, 'targets')
      const roles = [this.#trusted(role), ...await this.#archives(publisher.name, role)]
      const owns = (id: string): boolean => ownerOf(id, all) === publisher
      publisher.expires = earliestExpiry(...roles.map(({ expires }) => expires))
      publisher.releases = releasesOf(publisher.name, roles, owns)
      publisher.revoked = revokedIn(roles, 'publisher', owns)
    } catch (error) {
      // A network that breaks off says nothing about the publisher: the walk as a whole has failed. A local copy that is torn takes
      // away no more than itself.
      if (isOpsFluxError(error) && error.code === 'registry-unreachable' && this.#options.source !== this.#options.local) throw error
      publisher.problem = trustFault(role, error)
    }
  }

  async #archives(publisher: string, role: string): Promise<Targets[]> {
    const own = this.#trusted(role)
    if (archiveNameOf(own) !== undefined) throw untrusted(`The ${role} metadata of the registry is that of one of its archives.`)
    const archives = archivesOf(publisher, own)
    for (const archive of archives) {
      await this.#role(archive, role)
      const metadata = this.#set.getRole(archive)
      // Also by the keys that the registry knows: one that it took away is not let in again by the list it signed before.
      if (metadata) this.#set.targets?.verifyDelegate(role, metadata)
      if (archiveNameOf(this.#trusted(archive)) !== archive) throw untrusted(`The ${archive} metadata of the registry is that of another role.`)
    }
    return archives.map((archive) => this.#trusted(archive))
  }

  #trusted(role: string): Targets {
    const metadata = this.#set.getRole(role)
    if (!metadata) throw untrusted(`The ${role} metadata of the registry is incomplete.`)
    return metadata.signed
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
  }

  // TUF 5.3.11: new timestamp or snapshot keys end a fast-forward attack, so what was seen counts per set of keys.
  #scoped(role: string): string {
    const { roles } = this.#set.root.signed
    return `${role}@${fingerprint(JSON.stringify([roles.timestamp?.keyIDs, roles.snapshot?.keyIDs]))}`
  }
}

/** A local copy that is what the file above it describes; its signature is still to be verified. */
function intact(meta: MetaFile, bytes: Buffer | undefined): Buffer | undefined {
  try {
    if (bytes) meta.verify(bytes)
    return bytes
  } catch {
    return undefined
  }
}

function rolledBack(what: string, why: string, cause?: unknown): Error {
  return untrusted(`The ${what} metadata of the registry goes back in time: ${why}.`, cause)
}

function fingerprint(value: Buffer | string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 12)
}
