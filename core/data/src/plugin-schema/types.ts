import type { CapabilityGrant, Json, TableChange, WayBack } from '@opsflux/sdk'

export interface AppliedMigration {
  id: string
  /** Of the exact bytes of the up file, hex. */
  sha256: string
  downSql: string | undefined
}

/** What to do to a plugin's schema, in the order of execution: all of `down`, then all of `up`. Both empty: nothing but the staged change. */
export interface SchemaChange {
  pluginId: string
  /** Newest migration first. */
  down: readonly { id: string; downSql: string }[]
  up: readonly { id: string; upSql: string; downSql?: string | undefined }[]
  /** The `.after.sql` of all migrations of the release, oldest first; left out when the release stays. Statements not yet done are run once the change is committed. */
  after?: readonly { id: string; afterSql: string }[]
  /** Only read by `measure`: the way up again through the migrations of `down`, oldest first. */
  again?: readonly { id: string; upSql: string }[]
}

export interface Measured {
  tables: TableChange[]
  /** Milliseconds of the change itself, on the real rows. */
  ms: number
  wayBack: WayBack
  /** Statements left to be run after the commit. */
  afterSteps: number
}

/** Proof that the host asked for the change; made by `PluginSchemas.stage`. */
export interface StagedChange {
  changeId: string
  token: string
}

/** What `finish_change` writes into the kernel's tables in the transaction of the schema change. What is left out stays as it is. */
export interface ChangePayload {
  /** Everything applied afterwards, oldest first. */
  migrations?: readonly { id: string; sha256: string; downSql?: string | undefined }[]
  /** `null` removes it. `changedBy` is a user id, or `system`. */
  installation?: {
    version: string
    digest: string
    source: string
    state: string
    reason?: string
    manifest: Json | object
    granted: readonly CapabilityGrant[]
    changedBy: string
  } | null
  /** Enabled or not, by tenant id. */
  tenants?: Readonly<Record<string, boolean>>
  /** Data kept of an uninstalled plugin. `null` removes the entry. */
  keptData?: { version: string; digest: string; manifest: Json | object; rows: number } | null
  /** New steps of the operation. */
  operation?: { id: string; steps: Json | readonly object[] }
}

/** The release a restore point brings back. */
export interface RestorePointMeta {
  version: string
  digest: string
  manifest: Json | object
  granted: readonly CapabilityGrant[]
}

export interface TableRows {
  name: string
  rows: number
}
