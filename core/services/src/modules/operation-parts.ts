import type { Logger } from 'pino'
import type { Database, PluginSchemas } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import type { Installation, Installations } from './installations.ts'
import type { InstalledReleases } from './installed-releases.ts'
import type { JournalParts } from './journal.ts'
import type { Planner } from './planner.ts'
import type { PluginLocks } from './plugin-locks.ts'
import type { PluginRelease } from './plugin-release.ts'
import type { ReleaseFinder } from './release-finder.ts'
import type { ReleaseSeals } from './release-seals.ts'

/** What an operation works with. */
export interface OperationsParts extends Omit<JournalParts, 'admin'> {
  database: Database
  installations: Installations
  schemas: PluginSchemas
  finder: ReleaseFinder
  planner: Planner
  host: PluginHost<PluginRelease>
  releases: InstalledReleases
  seals: ReleaseSeals
  locks: PluginLocks
  modulesFolder: string
  log: Logger
  /** Makes what this host serves what the database says is installed. */
  reconcile(pluginId: string): Promise<void>
  /** Starts a stopped, failed or blocked module again. @throws why it does not start */
  revive(pluginId: string): Promise<void>
  /** Loads an unpacked release, checked against its files and its seal. */
  load(installation: Pick<Installation, 'manifest' | 'digest'>): Promise<PluginRelease>
  /** What is granted was written: it counts from the next host call on. */
  onGrantsChanged(pluginId: string): void
  /** The operation has ended; what was waiting for that may go on. */
  onEnded(): void
  /** The set of installed, enabled or serving releases changed. */
  onModulesChanged(pluginId: string, version: string | undefined): void
}
