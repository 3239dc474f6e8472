import { monitorEventLoopDelay } from 'node:perf_hooks'

const tickMs = 5

/** Longest delay of the event loop, and the most processor time this thread used between two ticks of 5 ms; ms. */
export interface Lag { lagMs: number; busyMs: number }

/**
 * Watches the event loop until the answer is called. On a machine that does other things, a process is delayed by them too:
 * the lesser of the two figures is what the process did to itself.
 */
export function watchLoop(): () => Lag {
  const delay = monitorEventLoopDelay({ resolution: tickMs })
  let busyMs = 0
  let last = process.threadCpuUsage()
  const ticks = setInterval(() => {
    const { user, system } = process.threadCpuUsage(last)
    last = process.threadCpuUsage()
    busyMs = Math.max(busyMs, (user + system) / 1000)
  }, tickMs)
  delay.enable()
  return () => {
    clearInterval(ticks)
    delay.disable()
    return { lagMs: delay.max / 1e6, busyMs }
  }
}

export const ownLagMs = ({ lagMs, busyMs }: Lag): number => Math.min(lagMs, busyMs)
