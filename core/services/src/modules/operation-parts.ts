import type { Logger } from 'pino'
import type { Database, PluginSchemas } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import type { Installation, Installations } from './installations.ts'
import type { JournalParts } from './journal.ts'
import type { Planner } from './planner.ts'
import type { ReleaseFinder } from './release-finder.ts'
import type { PluginRelease } from './plugin-release.ts'

/** What an operation works with. */
export interface OperationsParts extends Omit<JournalParts, 'admin'> {
  database: Database
  installations: Installations
  schemas: PluginSchemas
  finder: ReleaseFinder
  planner: Planner
  host: PluginHost<PluginRelease>
  modulesFolder: string
  log: Logger
  /** Makes what this host serves what the database says is installed. */
  reconcile(pluginId: string): Promise<void>
  /** Starts a stopped or failed module again. */
  revive(pluginId: string): Promise<void>
  /** Loads an unpacked release, checked against its files and its seal. */
  load(installation: Pick<Installation, 'manifest' | 'digest' | 'granted'>): Promise<PluginRelease>
  /** The set of installed, enabled or serving releases changed. */
  onModulesChanged(pluginId: string, version: string | undefined): void
}
