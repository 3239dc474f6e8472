/**
 * What one plugin may use, per sandbox: default, and the bounds of what an admin may set as ceiling. A plugin may ask for
 * other values (`limits` in `plugin.ts`) and an admin may choose others; neither exceeds the platform's ceiling.
 */
export const limitTable = {
  /** Milliseconds of the plugin's own code in one call; the time the host takes for its host calls is not counted. */
  callMs: { default: 1500, least: 50, ceiling: 5000, most: 60_000 },
  /** The same for jobs that declare to be long. */
  jobMs: { default: 60_000, least: 1000, ceiling: 300_000, most: 3_600_000 },
  /** Milliseconds of processor time within any 60 seconds. */
  cpuMsPerMinute: { default: 45_000, least: 1000, ceiling: 60_000, most: 240_000 },
  /** Resident memory, MiB. */
  memoryMb: { default: 256, least: 96, ceiling: 512, most: 4096 },
  callsInFlight: { default: 32, least: 1, ceiling: 64, most: 1024 },
  hostCallsPerCall: { default: 1000, least: 1, ceiling: 5000, most: 100_000 },
  /** Bytes of one message, either way. */
  messageBytes: { default: 1_048_576, least: 4096, ceiling: 4_194_304, most: 16_777_216 },
  logLinesPerCall: { default: 50, least: 0, ceiling: 1000, most: 10_000 },
  logBytesPerCall: { default: 65_536, least: 0, ceiling: 1_048_576, most: 16_777_216 },
  /** Milliseconds without a call after which the sandbox is ended; the next call starts another. */
  idleMs: { default: 300_000, least: 1000, ceiling: 3_600_000, most: 86_400_000 },
  /** Milliseconds from spawn to the module evaluated. */
  startMs: { default: 5000, least: 500, ceiling: 15_000, most: 60_000 },
} as const satisfies Record<string, { default: number; least: number; ceiling: number; most: number }>

export type LimitName = keyof typeof limitTable
export type PluginLimits = Record<LimitName, number>
