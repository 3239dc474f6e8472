import type { CallTraffic } from './call-traffic.ts'
import { CpuWindow } from './cpu-window.ts'
import type { DeathReason } from './events.ts'
import { wallMsOf } from './limits.ts'
import type { SandboxLimits } from './limits.ts'
import type { SandboxProcess } from './process.ts'

const tickMs = 50
/** A host that was stopped for longer was stopped for all: a call waits no more than this for it. */
const longestPauseMs = 1000
/** Nothing of a plugin runs without a call: an idle child is only looked at to see that it is so. */
const idleLookMs = 1000

interface WatchParts<C> {
  limits(): SandboxLimits
  traffic: CallTraffic<C>
  /** Of the calls that wait. */
  age(elapsedMs: number): void
  /** It has nothing to do and shall go. */
  rest(): void
}

/** Looks at a child every 50 ms, counts its time and memory against the limits, and ends it at the first one passed. */
export class ChildWatch<C> {
  #parts: WatchParts<C>
  #child: SandboxProcess | undefined
  #ticker: NodeJS.Timeout | undefined
  #cpu = new CpuWindow()
  #cpuMs = 0
  /** Of it, since the look before. */
  #usedMs = 0
  #lastTick = 0
  #startingMs: number | undefined = 0
  #idleMs = 0
  #lookedMs = 0
  #lookedAt = 0
  #firstMb = 0

  constructor(parts: WatchParts<C>) {
    this.#parts = parts
  }

  start(child: SandboxProcess): void {
    this.#child = child
    this.#cpuMs = 0
    this.#startingMs = 0
    this.#idleMs = 0
    this.#lastTick = performance.now()
    this.#ticker = setInterval(() => this.#tick(child), tickMs).unref()
  }

  /** Its module is evaluated. */
  ready(): void {
    this.#startingMs = undefined
    this.#firstMb = this.#child?.figures.residentMb() ?? 0
  }

  stop(): void {
    clearInterval(this.#ticker)
    this.#child = undefined
  }

  /** A call has ended. What it left in memory is not the next one's fault: the child is replaced between the two. */
  used(): void {
    this.#idleMs = 0
    const isDue = performance.now() - this.#lookedAt > tickMs / 2
    if (isDue && this.#child && this.#parts.traffic.active.size === 0 && this.#hasGrown(this.#child)) this.#parts.rest()
  }

  forgive(): void {
    this.#cpu.clear()
  }

  #tick(child: SandboxProcess): void {
    const now = performance.now()
    // When the host itself was held up, what the child sent meanwhile is not read yet: that time is not the plugin's.
    const wallMs = Math.min(now - this.#lastTick, longestPauseMs)
    const elapsedMs = Math.min(wallMs, 2 * tickMs)
    this.#lastTick = now
    const fault = this.#startingMs === undefined ? this.#running(child, elapsedMs, wallMs) : this.#starting(child, elapsedMs, this.#startingMs)
    if (fault) child.kill(...fault)
  }

  #starting(child: SandboxProcess, elapsedMs: number, startingMs: number): [DeathReason, string] | undefined {
    const { startMs } = this.#parts.limits()
    this.#startingMs = startingMs + elapsedMs
    return this.#startingMs > startMs ? ['timeout', `it did not start within ${startMs} ms`] : this.#usage(child, elapsedMs)
  }

  #running(child: SandboxProcess, elapsedMs: number, wallMs: number): [DeathReason, string] | undefined {
    const { limits, traffic, age } = this.#parts
    age(wallMs)
    if (traffic.active.size === 0) return this.#idle(child, elapsedMs)
    const { callMs } = limits()
    const fault = this.#usage(child, elapsedMs)
    if (fault) return fault
    // Of one whose words are not read, only the system knows whether it still runs.
    const overdue = traffic.clock.charge(traffic.active, child.isHeld ? Math.min(this.#usedMs, elapsedMs) : elapsedMs, callMs)
    if (overdue !== undefined) return ['timeout', `${overdue} ran longer than it may`]
    for (const call of traffic.active.values()) {
      call.wallMs += wallMs
      // The host's answers took the time: the child is not to blame.
      if (call.wallMs > wallMsOf(call.request.site, call.limits)) traffic.expire(call)
    }
    return undefined
  }

  #idle(child: SandboxProcess, elapsedMs: number): [DeathReason, string] | undefined {
    const { limits, traffic, rest } = this.#parts
    const hasGrown = this.#idleMs === 0 && this.#hasGrown(child)
    this.#idleMs += elapsedMs
    this.#lookedMs += elapsedMs
    if (hasGrown || traffic.hasLate || this.#idleMs >= limits().idleMs) rest()
    else if (this.#lookedMs >= idleLookMs) return this.#usage(child, this.#lookedMs)
    return undefined
  }

  /** One that grew slowly is replaced between two calls, before it would have to be killed in one. */
  #hasGrown(child: SandboxProcess): boolean {
    this.#lookedAt = performance.now()
    return (child.figures.residentMb() ?? 0) > (this.#firstMb + this.#parts.limits().memoryMb) / 2
  }

  #usage(child: SandboxProcess, elapsedMs: number): [DeathReason, string] | undefined {
    const { memoryMb, cpuMsPerMinute } = this.#parts.limits()
    this.#lookedMs = 0
    this.#lookedAt = performance.now()
    const residentMb = child.figures.residentMb() ?? 0
    if (residentMb > memoryMb) return ['memory', `it used ${Math.round(residentMb)} MB of ${memoryMb} MB`]
    this.#usedMs = this.#cpuSince(child, elapsedMs)
    return this.#cpu.add(this.#usedMs) > cpuMsPerMinute ? ['cpu', `it used more than ${cpuMsPerMinute} ms of processor time within a minute`] : undefined
  }

  /** Where the system does not tell: the time in which code of it was to run. */
  #cpuSince(child: SandboxProcess, elapsedMs: number): number {
    const cpuMs = child.figures.cpuMs()
    if (cpuMs === undefined) return this.#startingMs === undefined && this.#parts.traffic.clock.running === undefined ? 0 : elapsedMs
    const since = Math.max(cpuMs - this.#cpuMs, 0)
    this.#cpuMs = cpuMs
    return since
  }
}
