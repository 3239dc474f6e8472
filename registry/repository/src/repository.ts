import type { Metadata, Root, Snapshot, Targets, Timestamp } from '@tufjs/models'
import {
  buildSnapshot, buildTimestamp, describeFile, encodeMetadata, parseRoot, parseSnapshot, parseTargets, parseTimestamp, roleNameOf, signMetadata,
} from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'
import { FileStore } from './file-store.ts'
import { expiryOf } from './lifetimes.ts'
import { neededRoleKey } from './role-keys.ts'
import { withWriteLock } from './write-lock.ts'

/** What the repository offers at one moment. */
export interface RepositoryState {
  root: Metadata<Root>
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

/**
 * A TUF repository in a folder. The timestamp is what makes a change real: it is written last, and whatever a crash left
 * behind before that is named by nothing and written over by the next change. Nothing is kept in memory, so a change made
 * by another process counts from the next request on.
 */
export class Repository {
  readonly store: FileStore
  readonly now: () => Date

  constructor(home: string, now: () => Date = () => new Date()) {
    this.store = new FileStore(home)
    this.now = now
  }

  async isInitialised(): Promise<boolean> {
    return await this.store.readMetadata('timestamp') !== undefined
  }

  /** @throws not-ready before `initialiseRepository` */
  async state(): Promise<RepositoryState> {
    const timestamp = parseTimestamp(await this.#read('timestamp'))
    const snapshot = parseSnapshot(await this.#read('snapshot', timestamp.signed.snapshotMeta.version))
    const targets = parseTargets(await this.#read('targets', snapshot.signed.meta['targets.json']?.version ?? 1))
    const root = parseRoot(await this.#read('root', await this.store.rootVersion()))
    return { root, timestamp, snapshot, targets }
  }

  /** What a publisher signed last; undefined when it has published nothing. */
  async publisherFile({ snapshot }: RepositoryState, publisher: string): Promise<Buffer | undefined> {
    const role = roleNameOf(publisher)
    const listed = snapshot.signed.meta[`${role}.json`]
    return listed && await this.#read(role, listed.version)
  }

  /** Runs one change at a time, across processes. @throws conflict when another does not end */
  change<T>(work: (state: RepositoryState) => Promise<T>): Promise<T> {
    return withWriteLock(this.store.home, async () => work(await this.state()))
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
    const snapshot = signMetadata(buildSnapshot({ version, expires: expiryOf('snapshot', this.now()), files }), [await neededRoleKey(this.store, 'snapshot')])
    const bytes = encodeMetadata(snapshot)
    await this.store.writeMetadata('snapshot', version, bytes)
    await this.writeTimestamp(describeFile(version, bytes), timestampVersion)
  }

  async writeTimestamp(snapshot: ReturnType<typeof describeFile>, version: number): Promise<void> {
    const timestamp = signMetadata(buildTimestamp({ version, expires: expiryOf('timestamp', this.now()), snapshot }), [await neededRoleKey(this.store, 'timestamp')])
    await this.store.writeMetadata('timestamp', undefined, encodeMetadata(timestamp))
  }

  async #read(role: string, version?: number): Promise<Buffer> {
    const bytes = await this.store.readMetadata(role, version)
    if (bytes) return bytes
    const isNew = role === 'timestamp'
    throw new OpsFluxError('not-ready', isNew ? 'The repository is empty. Run the init command of the registry on its folder first.' : `The repository has lost its ${role} metadata. Restore its folder from a backup.`)
  }
}
