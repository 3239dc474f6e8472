export type SandboxState = 'idle' | 'starting' | 'running' | 'backing-off' | 'stopped'
export type DeathReason = 'timeout' | 'memory' | 'crash' | 'protocol' | 'start'

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
  | { type: 'log'; site: string; tenant: string; user: string; level: 'info' | 'warn'; message: string }
  | { type: 'unhandled-rejection'; message: string }
