import type { ActiveCall } from './active-call.ts'

/**
 * Says whose code runs in a child, and how long it has run. The child works off what it is sent in order and says when each is
 * done, so the oldest entry not done is what runs: a call that merely waits behind a loop is not blamed for it.
 */
export class GuestClock<C> {
  #callMs: number
  #entries: number[] = []
  #entryMs = 0

  constructor(callMs: number) {
    this.#callMs = callMs
  }

  /** The call whose code runs now, if any does. */
  get running(): number | undefined {
    return this.#entries[0]
  }

  entered(call: number): void {
    this.#entries.push(call)
  }

  done(): void {
    this.#entries.shift()
    this.#entryMs = 0
  }

  reset(): void {
    this.#entries = []
    this.#entryMs = 0
  }

  isOverdue(call: ActiveCall<C>): boolean {
    return call.guestMs > this.#callMs
  }

  /** Counts time against whose code runs, or, when none does, against the calls the host owes no answer. Names the site that is over its limit. */
  charge(active: ReadonlyMap<number, ActiveCall<C>>, elapsedMs: number): string | undefined {
    const { running } = this
    if (running === undefined) return this.#chargeWaiting(active, elapsedMs)
    this.#entryMs += elapsedMs
    const call = active.get(running)
    if (call) call.guestMs += elapsedMs
    const isOver = this.#entryMs > this.#callMs || (call !== undefined && this.isOverdue(call))
    return isOver ? (call?.request.site ?? 'an ended call') : undefined
  }

  #chargeWaiting(active: ReadonlyMap<number, ActiveCall<C>>, elapsedMs: number): string | undefined {
    for (const call of active.values()) {
      if (call.unanswered.size > 0) continue
      call.guestMs += elapsedMs
      if (this.isOverdue(call)) return call.request.site
    }
    return undefined
  }
}
