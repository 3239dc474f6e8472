import type { MetaFile, Metadata, Root, Snapshot, Targets, Timestamp } from '@tufjs/models'
import {
  buildSnapshot, buildTimestamp, describeFile, encodeMetadata, parseSnapshot, parseTargets, parseTimestamp, roleNameOf, signMetadata, type AnyMetadata,
} from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { FileStore } from './file-store.ts'
import { expiryOf } from './lifetimes.ts'
import { isBeingReplaced, missingKey, onlineRoles, trustedKeysAtHand, type OnlineRole } from './role-keys.ts'
import { isSigned } from './root-rules.ts'
import { withWriteLock } from './write-lock.ts'

/** What the repository offers at one moment. */
export interface RepositoryState {
  root: Metadata<Root>
  /** The one that the root in force replaced. */
  rootBefore: Metadata<Root> | undefined
  timestamp: Metadata<Timestamp>
  snapshot: Metadata<Snapshot>
  targets: Metadata<Targets>
}

/** A role's next file. */
export interface RoleFile {
  role: string
  version: number
  bytes: Buffer
}

export interface RepositoryOptions {
  /** Private keys that are kept elsewhere, such as that of targets. */
  broughtKeys?: readonly string[]
  /** The root that is about to be published: everything is signed for it too. */
  upcomingRoot?: Metadata<Root>
}

/**
 * A TUF repository in a folder. The timestamp is what makes a change real: it is written last, and whatever a crash left
 * behind before that is named by nothing and written over by the next change. Nothing is kept in memory, so a change made
 * by another process counts from the next request on.
 */
export class Repository {
  readonly store: FileStore
  readonly now: () => Date
  readonly #upcomingRoot: Metadata<Root> | undefined

  constructor(home: string, now: () => Date = () => new Date(), { broughtKeys, upcomingRoot }: RepositoryOptions = {}) {
    this.store = new FileStore(home, broughtKeys)
    this.now = now
    this.#upcomingRoot = upcomingRoot
  }

  async isInitialised(): Promise<boolean> {
    return await this.store.readMetadata('timestamp') !== undefined
  }

  /** @throws not-ready before `initialiseRepository`, and when files do not belong together */
  async state(): Promise<RepositoryState> {
    const timestamp = parseTimestamp(await this.#read('timestamp'))
    const { snapshotMeta } = timestamp.signed
    const snapshot = parseSnapshot(await this.#read('snapshot', snapshotMeta))
    const targets = parseTargets(await this.#read('targets', snapshot.signed.meta['targets.json']))
    const roots = await this.store.roots()
    const root = roots.at(-1)
    if (!root) throw lost('root')
    return { root, rootBefore: roots.at(-2), timestamp, snapshot, targets }
  }

  /** What a publisher signed last; undefined when it has published nothing. */
  publisherFile(state: RepositoryState, publisher: string): Promise<Buffer | undefined> {
    return this.roleFile(state, roleNameOf(publisher))
  }

  /** The current file of a delegated role; undefined when the snapshot lists none. */
  async roleFile({ snapshot }: RepositoryState, role: string): Promise<Buffer | undefined> {
    const listed = snapshot.signed.meta[`${role}.json`]
    return listed && await this.#read(role, listed)
  }

  /** Runs one change at a time, across processes. @throws conflict when another does not end */
  change<T>(work: (state: RepositoryState) => Promise<T>): Promise<T> {
    return withWriteLock(this.store.home, async () => work(await this.genuineState()))
  }

  /**
   * The state, when its keys vouch for it: nothing is signed on top of what somebody else put there. A key that was replaced
   * counts only until the new one is in its place: it may have been stolen. @throws not-ready
   */
  async genuineState(): Promise<RepositoryState> {
    const state = await this.state()
    const { root, rootBefore } = state
    for (const role of onlineRoles) {
      if (isSigned(root, state[role], role)) continue
      if (rootBefore && isSigned(rootBefore, state[role], role) && await isBeingReplaced(this.store, role, root)) continue
      throw new OpsFluxError('not-ready', `The ${role} metadata in the repository's folder was not signed with the registry's key, so nothing is signed on top of it. Restore the folder from a backup.`)
    }
    return state
  }

  /** Signs with every key at hand that the root, or the one about to follow, trusts for the role. @throws not-ready */
  async sign(role: OnlineRole, metadata: AnyMetadata): Promise<Buffer> {
    const roots = [await this.store.currentRoot(), this.#upcomingRoot].filter((root) => root !== undefined)
    const keys = await trustedKeysAtHand(this.store, role, roots)
    if (keys.length === 0) throw missingKey(role)
    return encodeMetadata(signMetadata(metadata, keys))
  }

  /** Offers new files of roles: first they, then the snapshot, then the timestamp. Only within {@link change}. */
  async commit({ snapshot, timestamp }: RepositoryState, files: readonly RoleFile[]): Promise<void> {
    for (const { role, version, bytes } of files) await this.store.writeMetadata(role, version, bytes)
    const described = Object.fromEntries(Object.entries(snapshot.signed.meta).map(([name, file]) => [name.slice(0, -'.json'.length), file]))
    for (const { role, version, bytes } of files) described[role] = describeFile(version, bytes)
    await this.writeSnapshot(described, snapshot.signed.version + 1, timestamp.signed.version + 1)
  }

  /** `files` as `buildSnapshot` takes them. */
  async writeSnapshot(files: Parameters<typeof buildSnapshot>[0]['files'], version: number, timestampVersion: number): Promise<void> {
    const bytes = await this.sign('snapshot', buildSnapshot({ version, expires: expiryOf('snapshot', this.now()), files }))
    await this.store.writeMetadata('snapshot', version, bytes)
    await this.writeTimestamp(describeFile(version, bytes), timestampVersion)
  }

  async writeTimestamp(snapshot: ReturnType<typeof describeFile>, version: number): Promise<void> {
    await this.store.writeMetadata('timestamp', undefined, await this.sign('timestamp', buildTimestamp({ version, expires: expiryOf('timestamp', this.now()), snapshot })))
  }

  async #read(role: string, listed?: MetaFile): Promise<Buffer> {
    if (!listed && role !== 'timestamp') throw lost(role)
    const bytes = await this.store.readMetadata(role, listed?.version)
    if (!bytes && !listed) throw new OpsFluxError('not-ready', 'The repository is empty, or its first root still waits for signatures. Make it with `opsflux registry init`, then `root sign` and `root apply`.')
    if (!bytes) throw lost(role)
    try {
      listed?.verify(bytes)
    } catch (cause) {
      throw lost(role, cause)
    }
    return bytes
  }
}

function lost(role: string, cause?: unknown): OpsFluxError {
  return new OpsFluxError('not-ready', `The repository has lost its ${role} metadata, or another file is in its place. Restore its folder from a backup.`, { cause })
}
