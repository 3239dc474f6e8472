import { limitTable } from '@opsflux/sdk'
import type { PluginLimits } from '@opsflux/sdk'

/**
 * What one plugin may use: the limits of the SDK's table, and what follows from them. Every figure is enforced by the host,
 * from outside the child, by SIGKILL or refusal.
 *
 * A call that runs away has its answer after `callMs`, and the look every 50 ms. Of calls of one site that run away at once,
 * whether in flight or waiting, the first gets its whole `callMs`, the next, in the next child, a quarter, and the rest are
 * refused with it: all within 1.25 `callMs`, one start and 300 ms (2.5 s with the usual values). When several sites run away at
 * once, within twice `callMs` and a start for those in flight; for those that wait, within three, when the module is stopped.
 */
export interface SandboxLimits extends PluginLimits {
  /** Milliseconds of one whole call, the host's answers included. Default 15 s, but twice `callMs` at least; of a job, twice `jobMs` at least. */
  wallMs: number
  /** Heap of the isolate, MiB. V8 takes it as advice; `memoryMb` is the limit that binds. Default: a quarter of that. */
  isolateMb: number
  /** Calls that wait for a place; one more is answered `plugin-failed`. */
  callsWaiting: number
  /**
   * Bytes of the input of calls that wait: one more is answered `plugin-failed`. And of the arguments of host calls that run or wait
   * for their turn, of all calls together: what the child says beyond them is not read until some are done. Default 4 MiB, twice `messageBytes` at least.
   */
  waitingBytes: number
  /** Bytes of all that one call sends to the host. Default 16 MiB, four messages at least. */
  callBytes: number
}

const mebibyte = 1024 * 1024

/** Fills in what is not given. @throws RangeError for what is not a number: no comparison with it would ever end anything. */
export function completeLimits(given: Partial<SandboxLimits>): SandboxLimits {
  for (const [name, value] of Object.entries(given)) if (!Number.isFinite(value)) throw new RangeError(`The limit ${name} is not a number.`)
  const { callMs, memoryMb, messageBytes }: PluginLimits = { ...defaults, ...given }
  return {
    ...defaults,
    wallMs: Math.max(15_000, 2 * callMs),
    isolateMb: Math.floor(memoryMb / 4),
    callsWaiting: 256,
    waitingBytes: Math.max(4 * mebibyte, 2 * messageBytes),
    callBytes: Math.max(16 * mebibyte, 4 * messageBytes),
    ...given,
  }
}

const defaults: PluginLimits = {
  callMs: limitTable.callMs.default,
  jobMs: limitTable.jobMs.default,
  cpuMsPerMinute: limitTable.cpuMsPerMinute.default,
  memoryMb: limitTable.memoryMb.default,
  callsInFlight: limitTable.callsInFlight.default,
  hostCallsPerCall: limitTable.hostCallsPerCall.default,
  messageBytes: limitTable.messageBytes.default,
  logLinesPerCall: limitTable.logLinesPerCall.default,
  logBytesPerCall: limitTable.logBytesPerCall.default,
  idleMs: limitTable.idleMs.default,
  startMs: limitTable.startMs.default,
}

export const defaultLimits: SandboxLimits = completeLimits({})

const isJob = (site: string): boolean => site.startsWith('job:')

/** How long the plugin's own code may run in a call. */
export function ownMsOf(site: string, { callMs, jobMs }: SandboxLimits): number {
  return isJob(site) ? jobMs : callMs
}

/** How long a call may take with everything. */
export function wallMsOf(site: string, { wallMs, jobMs }: SandboxLimits): number {
  return isJob(site) ? Math.max(wallMs, 2 * jobMs) : wallMs
}
