/** What one plugin may use. Every figure is enforced by the host, from outside the child, by SIGKILL or refusal. */
export interface SandboxLimits {
  /** Time of the plugin's own code in one call; the time the host takes to answer its host calls is not counted. */
  callMs: number
  /** Whole time of one call, the host's answers included. */
  wallMs: number
  /** From spawn to the module evaluated. */
  startMs: number
  /** Resident memory of the child, looked at every 50 ms. */
  memoryMb: number
  /** Heap of the isolate. V8 takes it as advice; `memoryMb` is the limit that binds. */
  isolateMb: number
  callsInFlight: number
  /** Calls that wait for a place; one more is answered `plugin-failed`. */
  callsWaiting: number
  hostCallsPerCall: number
  /** One message, either way. */
  messageBytes: number
  /** All that one call sends to the host. */
  callBytes: number
  logLinesPerCall: number
  /** Without calls for so long, the child is ended; the next call starts another. */
  idleMs: number
}

export const defaultLimits: SandboxLimits = {
  callMs: 1500,
  wallMs: 15_000,
  startMs: 5000,
  memoryMb: 256,
  isolateMb: 64,
  callsInFlight: 32,
  callsWaiting: 256,
  hostCallsPerCall: 1000,
  messageBytes: 1024 * 1024,
  callBytes: 16 * 1024 * 1024,
  logLinesPerCall: 50,
  idleMs: 300_000,
}
