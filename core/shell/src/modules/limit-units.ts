import { limitTable, type LimitName } from '@opsflux/sdk'
import { useI18n } from 'vue-i18n'

/** The unit people read a limit in, and how many of the stored ones make one of it. */
const units: Record<LimitName, { unit: 'seconds' | 'megabytes' | 'kilobytes' | 'number'; size: number }> = {
  callMs: { unit: 'seconds', size: 1000 }, jobMs: { unit: 'seconds', size: 1000 }, cpuMsPerMinute: { unit: 'seconds', size: 1000 }, memoryMb: { unit: 'megabytes', size: 1 },
  callsInFlight: { unit: 'number', size: 1 }, hostCallsPerCall: { unit: 'number', size: 1 }, messageBytes: { unit: 'kilobytes', size: 1024 }, logLinesPerCall: { unit: 'number', size: 1 },
  logBytesPerCall: { unit: 'kilobytes', size: 1024 }, idleMs: { unit: 'seconds', size: 1000 }, startMs: { unit: 'seconds', size: 1000 },
}
export const limitNames = Object.keys(limitTable) as LimitName[]
export const unitOf = (name: LimitName): string => units[name].unit
export const toShown = (name: LimitName, value: number): number => value / units[name].size
export const toStored = (name: LimitName, shown: number): number => Math.round(shown * units[name].size)

/** `1.5 s`, `256 MB`, in the reader's language. */
export function useLimitText(): (name: LimitName, value: number) => string {
  const { t, n } = useI18n()
  return (name, value) => t(`modules.limits.unit.${units[name].unit}`, { value: n(toShown(name, value), { maximumFractionDigits: 2 }) })
}
