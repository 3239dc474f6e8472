import type { CapabilityGrant, CapabilityName } from './capabilities.ts'
import type { LimitName } from './limits.ts'
import type { CapabilityEntry, SecretEntry } from './manifest.ts'
import type { MenuDeclaration, PermissionDeclaration } from './plugin.ts'
import type { Problem } from './errors.ts'
import type { HistoryEntry } from './query.ts'

export type ChangeAction = 'install' | 'update' | 'rollback' | 'enable' | 'disable' | 'repair' | 'uninstall'

/** What is asked for. `version` is the release wanted (install, update, rollback); `fileId` an uploaded package instead. */
export interface ChangeRequest {
  action: ChangeAction
  id: string
  version?: string
  fileId?: string
  /** uninstall only. Default `keep`. */
  data?: 'keep' | 'purge'
  /**
   * install and update: optional capabilities the admin grants, and hosts other than those asked for. Required capabilities
   * are granted by applying, with the hosts asked for unless others are given here.
   */
  grant?: CapabilityGrant[]
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
  /** By name; `http.fetch` stands in `added` too, with the new hosts alone, when an update asks for more of them. */
  capabilities: Diff<CapabilityEntry>
  /** All that is granted once this is applied. Left out by changes that grant and take back nothing. */
  granted?: CapabilityGrant[]
  secrets: Diff<SecretEntry>
  permissions: Diff<PermissionDeclaration>
  menus: Diff<Pick<MenuDeclaration, 'id' | 'label'>>
  migrations: { id: string; direction: 'up' | 'down' }[]
  tables: TableChange[]
  /** Milliseconds the migrations took when they were tried on the real data and rolled back. */
  migrationMs: number
  wayBack: WayBack
  /** Statements that run one by one after the change, while the module is in use: indexes built, rows changed in batches. */
  afterSteps?: number
  /** How a roll-back gets the data back. */
  dataFrom?: 'down-migrations' | 'restore-point'
  changelog: { version: string; notes: string }[]
  /** Rows per table that a purge would erase. */
  purges?: Record<string, number>
  /** repair: what is wrong on disk. `reason` is a code that screens translate (`file-altered`, `file-missing` …), `entry` the first file. */
  altered?: { reason: string; entry?: string }
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

export type InstallationState = 'installed' | 'active' | 'disabled' | 'failed' | 'stopped' | 'blocked'

/** One limit of one module: `value` is what binds, the least of ceiling and (chosen, else asked for, else default). */
export interface ModuleLimit {
  name: LimitName
  value: number
  default: number
  ceiling: number
  /** By the plugin. */
  asked?: number
  /** By an admin. */
  chosen?: number
}

/** Host calls refused for want of a capability, of one user and within one hour. */
export interface Refusal {
  capability: CapabilityName
  /** What was asked for, such as the host. */
  detail: string
  user: string
  count: number
  lastAt: string
}

/** How far the registry's word can be relied on. Running modules are never touched by its silence. */
export interface RegistryStatus {
  reachable: boolean
  /** When its metadata was last read and verified. */
  checkedAt?: string
  /** Since when the metadata has been out of date: nothing can be installed or updated. */
  expiredSince?: string
  /** `warning` when out of date for 2 days, `alarm` for 7. */
  level: 'ok' | 'warning' | 'alarm'
}

/** How plugins are kept in on this host: measures applied, and those this system does not offer. */
export interface SandboxStatus {
  applied: string[]
  missing: string[]
}

/** `GET /api/platform/status`. */
export interface PlatformStatus {
  sandbox: SandboxStatus
  registry: RegistryStatus
  /** Ceilings of all modules. */
  ceilings: Record<LimitName, number>
}

/** A statement that runs once the change it belongs to is committed, and is not done. */
export interface AfterStep {
  /** `0002-sites`. */
  migration: string
  /** SQL. */
  statement: string
  /** `failed`: it was tried four times and waits for somebody to try again. Those behind it wait with it. */
  state: 'pending' | 'running' | 'failed'
  /** Why it failed, or failed the last time. */
  problem?: string
  /** Touched so far, by a statement that changes rows in batches. */
  rows?: number
}

/** A change of a record that an after-hook did not take in: it was given up after five attempts and waits for somebody to decide, for 30 days. */
export interface ParkedChange {
  entity: string
  recordId: string
  action: HistoryEntry['action']
  /** Whose hook it is. */
  plugin?: string
  /** Why it failed the last time. */
  problem: string
  /** When it was given up. */
  since: string
}

export interface ParkedChanges {
  count: number
  /** At most 20, latest first. */
  latest: ParkedChange[]
}

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
    /** Why it is in that state and what to do, for the states `failed`, `stopped` and `blocked` (its release was revoked). */
    reason?: string
    /** Set when its files on disk are not those its publisher signed; `entry` names the first. A repair puts them right. */
    altered?: { entry?: string }
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
  /**
   * `granted` and `grantedHosts` once installed. `grantedHere` only where this organisation has taken some of it back for
   * itself: false when all of it, true when single hosts; `grantedHostsHere` are those left.
   */
  capabilities: (CapabilityEntry & { granted?: boolean; grantedHosts?: string[]; grantedHere?: boolean; grantedHostsHere?: string[] })[]
  secrets: (SecretEntry & { isSet?: boolean; setAt?: string; setBy?: string })[]
  /** Once installed. */
  limits: ModuleLimit[]
  /** What it tried without being granted it, newest first, at most 50. */
  refusals: Refusal[]
  permissions: PermissionDeclaration[]
  menus: Pick<MenuDeclaration, 'id' | 'label'>[]
  entities: { name: string; fields: number; rows?: number }[]
  /** What the last change has left to be done, in order; absent when all is done. */
  afterSteps?: AfterStep[]
  /** Of this organisation's records; absent when there are none. */
  parkedChanges?: ParkedChanges
  /** Releases it can be brought back to. */
  restorePoints: { version: string; createdAt: string }[]
  operations: Pick<Operation, 'id' | 'state' | 'startedAt' | 'endedAt'>[] 
}
