import type { CallRequest } from './active-call.ts'
import { wallMsOf } from './limits.ts'
import type { SandboxLimits } from './limits.ts'

/** Calls that wait for a place in the child, first come, first served: bounded in number, in bytes and in time. */
export class CallQueue<C> {
  #waiting: { request: CallRequest<C>; waitedMs: number }[] = []
  #bytes = 0

  get length(): number {
    return this.#waiting.length
  }

  /** False when there is no room. */
  add(request: CallRequest<C>, { callsWaiting, waitingBytes }: SandboxLimits): boolean {
    if (this.#waiting.length >= callsWaiting || this.#bytes + request.bytes > waitingBytes) return false
    this.#waiting.push({ request, waitedMs: 0 })
    this.#bytes += request.bytes
    return true
  }

  take(): CallRequest<C> | undefined {
    const request = this.#waiting.shift()?.request
    this.#bytes -= request?.bytes ?? 0
    return request
  }

  takeAll(): CallRequest<C>[] {
    const all = this.#waiting.splice(0)
    this.#bytes = 0
    return all.map(({ request }) => request)
  }

  /** Calls of these sites ran away: takes out the others of them that waited through that a second time. */
  suspect(sites: ReadonlySet<string>): CallRequest<C>[] {
    const before = this.#waiting.map(({ request }) => request).filter(({ site }) => sites.has(site))
    const twice = new Set(before.filter(({ isSuspect }) => isSuspect))
    for (const request of before) request.isSuspect = true
    this.#waiting = this.#waiting.filter(({ request }) => !twice.has(request))
    for (const { bytes } of twice) this.#bytes -= bytes
    return [...twice]
  }

  /** Takes out those that have waited for as long as they might have run. */
  age(elapsedMs: number, limits: SandboxLimits): CallRequest<C>[] {
    const isOver = ({ request, waitedMs }: { request: CallRequest<C>; waitedMs: number }): boolean => waitedMs > wallMsOf(request.site, limits)
    for (const entry of this.#waiting) entry.waitedMs += elapsedMs
    if (!this.#waiting.some(isOver)) return []
    const over = this.#waiting.filter(isOver).map(({ request }) => request)
    this.#waiting = this.#waiting.filter((entry) => !isOver(entry))
    for (const { bytes } of over) this.#bytes -= bytes
    return over
  }
}
