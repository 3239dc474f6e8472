import type { ActiveCall } from './active-call.ts'

/**
 * Says whose code runs in a child, and how long it has run. The child works off what it is sent in order and says when each is
 * done, so the oldest entry not done is what runs: a call that merely waits behind a loop is not blamed for it.
 */
export class GuestClock<C> {
  #entries: number[] = []
  #entryMs = 0

  /** The call whose code runs now, if any does. */
  get running(): number | undefined {
    return this.#entries[0]
  }

  entered(call: number): void {
    this.#entries.push(call)
  }

  /** False when nothing was entered: the child claims what cannot be. */
  done(): boolean {
    this.#entryMs = 0
    return this.#entries.shift() !== undefined
  }

  reset(): void {
    this.#entries = []
    this.#entryMs = 0
  }

  isOverdue({ guestMs, ownMs }: ActiveCall<C>): boolean {
    return guestMs > ownMs
  }

  /**
   * Counts time against whose code runs, or, when none does, against the calls the host owes no answer. Code of a call that has
   * ended may run for `callMs`. Names the site that is over its limit.
   */
  charge(active: ReadonlyMap<number, ActiveCall<C>>, elapsedMs: number, callMs: number): string | undefined {
    const { running } = this
    if (running === undefined) return this.#chargeWaiting(active, elapsedMs)
    this.#entryMs += elapsedMs
    const call = active.get(running)
    if (!call) return this.#entryMs > callMs ? 'an ended call' : undefined
    call.guestMs += elapsedMs
    return this.isOverdue(call) ? call.request.site : undefined
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
