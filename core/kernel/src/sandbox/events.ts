import type { CapabilityName } from '@opsflux/sdk'

export type SandboxState = 'idle' | 'starting' | 'running' | 'backing-off' | 'stopped'
export type DeathReason = 'timeout' | 'memory' | 'cpu' | 'crash' | 'protocol' | 'start'

/** What happened to a sandbox, for the log and the admin screen. Nothing here is meant for a client. */
export type SandboxEvent =
  | { type: 'state'; state: SandboxState }
  | { type: 'started'; pid: number; startMs: number }
  /** Which measures keep the child in, and which this system does not offer. Once per start. */
  | { type: 'hardening'; applied: readonly string[]; missing: readonly string[] }
  /** `deaths` in the last ten minutes; `sites` were running. */
  | { type: 'death'; reason: DeathReason; detail: string; sites: readonly string[]; deaths: number }
  | { type: 'retried'; site: string }
  | { type: 'stopped'; reason: string }
  /** A host call that was not made, because its capability is not granted. Once per refusal. */
  | { type: 'refused'; capability: CapabilityName; hostCall: string; tenant: string; user: string }
  | { type: 'log'; site: string; tenant: string; user: string; level: 'info' | 'warn'; message: string }
  /** A few per child at most: a module can make more than anybody reads. */
  | { type: 'unhandled-rejection'; message: string }
