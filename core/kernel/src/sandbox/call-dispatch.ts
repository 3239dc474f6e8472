import type { CallRequest } from './active-call.ts'
import type { CallTraffic } from './call-traffic.ts'
import type { ChildLife, Death } from './child-life.ts'
import { CallQueue } from './call-queue.ts'
import type { SandboxEvent } from './events.ts'
import type { Failures } from './failures.ts'
import type { SandboxLimits } from './limits.ts'

interface DispatchParts<C> {
  limits(): SandboxLimits
  failures: Failures
  life: ChildLife
  traffic: CallTraffic<C>
  emit(event: SandboxEvent): void
}

/** Decides what becomes of a call: into the child now, later, once more after a death, or never. */
export class CallDispatch<C> {
  #parts: DispatchParts<C>
  #queue = new CallQueue<C>()
  #isHeldUp = false

  constructor(parts: DispatchParts<C>) {
    this.#parts = parts
  }

  get isWaiting(): boolean {
    return this.#queue.length > 0
  }

  accept(request: CallRequest<C>): void {
    const { limits, failures, life, traffic } = this.#parts
    if (life.state === 'stopped') request.reject(failures.stopped())
    else if (this.#queue.length === 0 && this.#hasPlace()) traffic.launch(request)
    else if (this.#queue.add(request, limits())) life.want()
    else request.reject(failures.busy())
  }

  /** Sends the calls that wait, as far as there is a child with place for them that reads. */
  launchWaiting(): void {
    while (this.#queue.length > 0 && this.#hasPlace()) {
      const next = this.#queue.take()
      if (next) this.#parts.traffic.launch(next)
    }
    if (this.#queue.length > 0) this.#parts.life.want()
  }

  age(elapsedMs: number): void {
    const { limits, failures } = this.#parts
    for (const request of this.#queue.age(elapsedMs, limits())) request.reject(failures.busy())
  }

  died({ reason, detail, wasStarting, isLast }: Death): void {
    const { failures, traffic, emit } = this.#parts
    // A module that does not start would only be started again for each of them.
    if (wasStarting) this.#refuseWaiting(failures.start(reason, detail))
    const calls = traffic.takeActive()
    const culprits = new Set(calls.filter((call) => call.id === traffic.clock.running || traffic.clock.isOverdue(call)))
    const runaways = new Set(reason === 'timeout' ? [...culprits].map(({ request }) => request.site) : [])
    for (const request of this.#queue.suspect(runaways)) request.reject(failures.died(request.site, reason))
    for (const call of calls) {
      const { request } = call
      const isCulprit = culprits.has(call)
      const ranAwayTwice = request.isSuspect && runaways.has(request.site)
      // Whoever was merely near is tried once more, if it cannot do anything twice.
      const retry = !isCulprit && !request.retried && !ranAwayTwice && !call.wrote && !isLast
      if (retry) emit({ type: 'retried', site: request.site })
      traffic.settle(call, () => {
        if (retry) this.accept({ ...request, retried: true, isSuspect: request.isSuspect || runaways.has(request.site) })
        else request.reject(isCulprit && reason === 'timeout' ? failures.timeout(request.site) : failures.died(request.site, reason))
      })
    }
  }

  stopped(): void {
    const { failures, traffic } = this.#parts
    for (const call of traffic.takeActive()) traffic.settle(call, () => call.request.reject(failures.stopped()))
    this.#refuseWaiting(failures.stopped())
  }

  #hasPlace(): boolean {
    const { limits, life, traffic } = this.#parts
    if (life.state !== 'running' || traffic.active.size >= limits().callsInFlight) return false
    const unblocked = life.child?.unblocked()
    if (unblocked && !this.#isHeldUp) {
      this.#isHeldUp = true
      void unblocked.then(() => {
        this.#isHeldUp = false
        this.launchWaiting()
      })
    }
    return unblocked === undefined
  }

  #refuseWaiting(error: unknown): void {
    for (const request of this.#queue.takeAll()) request.reject(error)
  }
}
