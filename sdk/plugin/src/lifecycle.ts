import type { CapabilityName } from './capabilities.ts'
import type { MenuDeclaration, PermissionDeclaration } from './plugin.ts'
import type { Problem } from './errors.ts'

export type ChangeAction = 'install' | 'update' | 'rollback' | 'enable' | 'disable' | 'uninstall'

/** What is asked for. `version` is the release wanted (install, update, rollback); `fileId` an uploaded package instead. */
export interface ChangeRequest {
  action: ChangeAction
  id: string
  version?: string
  fileId?: string
  /** uninstall only. Default `keep`. */
  data?: 'keep' | 'purge'
  /** install and update: optional capabilities the admin grants. Required ones are granted by applying. */
  grant?: CapabilityName[]
}

/** How the data comes back if this change is taken back; measured on the real rows. */
export interface WayBack {
  kind: 'lossless' | 'lossy' | 'one-way'
  /** A code that screens translate. */
  reason: 'nothing-changed' | 'nothing-lost' | 'values-lost' | 'no-down-migration' | 'down-migration-fails' | 'rows-since-restore-point' | 'data-kept' | 'purged'
  /** `table.column` or `table` that would be lost. */
  lost: string[]
}

export interface TableChange {
  table: string
  change: 'created' | 'altered' | 'dropped'
  /** Rows inserted, updated or deleted by the migrations. */
  rowsTouched: number
}

export interface Diff<T> {
  added: T[]
  removed: T[]
}

/** The previewed change of one installation: the same JSON in UI, CLI and API. */
export interface Plan {
  /** SHA-256 of all below and of the state it was made from; `apply` takes it and refuses if the world moved. */
  hash: string
  action: ChangeAction
  id: string
  name: string
  from?: string
  to?: string
  /** Digest of the release to be, sha-256 hex. */
  digest?: string
  source: 'registry' | 'file' | 'installed'
  publisher: string
  /** Why this version; a code that screens translate. */
  reason: 'newest' | 'asked' | 'file' | 'restore-point' | 'kept-data'
  capabilities: Diff<{ name: CapabilityName; reason: string; required: boolean }>
  permissions: Diff<PermissionDeclaration>
  menus: Diff<Pick<MenuDeclaration, 'id' | 'label'>>
  migrations: { id: string; direction: 'up' | 'down' }[]
  tables: TableChange[]
  /** Milliseconds the migrations took when they were tried on the real data and rolled back. */
  migrationMs: number
  wayBack: WayBack
  /** How a roll-back gets the data back. */
  dataFrom?: 'down-migrations' | 'restore-point'
  changelog: { version: string; notes: string }[]
  /** Rows per table that a purge would erase. */
  purges?: Record<string, number>
}

export const operationSteps = ['verify', 'prepare', 'pause', 'protect', 'migrate', 'switch', 'check', 'resume', 'clean'] as const
export type OperationStep = (typeof operationSteps)[number]
export type OperationState = 'running' | 'succeeded' | 'failed' | 'returned'

/** The executed change. `returned`: it failed after the switch and was taken back; `failed`: before, nothing had changed. */
export interface Operation {
  id: string
  plan: Plan
  state: OperationState
  steps: { step: OperationStep; state: 'waiting' | 'running' | 'done' | 'failed'; at?: string; detail?: string }[]
  startedBy: string
  startedAt: string
  endedAt?: string
  problem?: Problem
}

export type InstallationState = 'installed' | 'active' | 'disabled' | 'failed' | 'stopped'

/** A module as the Modules screen lists it. */
export interface ModuleSummary {
  id: string
  name: string
  summary: string
  icon: string
  category: string
  publisher: string
  /** Newest release in the registry; undefined when only installed from a file or the registry is out of reach. */
  latest?: string
  installed?: {
    version: string
    state: InstallationState
    /** Why it is in that state and what to do, for the states `failed` and `stopped`. */
    reason?: string
    /** For those states: the release that served before it, which a roll-back leads to. */
    rollbackTo?: string
    since: string
  }
  /** Set when data of an uninstalled module is kept. */
  keptData?: { version: string; rows: number; since: string }
  update?: string
}

export interface ModuleDetail extends ModuleSummary {
  readme: string
  changelog: { version: string; notes: string }[]
  versions: { version: string; digest: string; publishedAt: string; size: number }[]
  capabilities: { name: CapabilityName; reason: string; required: boolean; granted?: boolean }[]
  permissions: PermissionDeclaration[]
  menus: Pick<MenuDeclaration, 'id' | 'label'>[]
  entities: { name: string; fields: number; rows?: number }[]
  /** Releases it can be brought back to. */
  restorePoints: { version: string; createdAt: string }[]
  operations: Pick<Operation, 'id' | 'state' | 'startedAt' | 'endedAt'>[] 
}
