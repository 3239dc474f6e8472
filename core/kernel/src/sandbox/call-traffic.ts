import { ActiveCall } from './active-call.ts'
import type { CallRequest } from './active-call.ts'
import type { Failures } from './failures.ts'
import { GuestClock } from './guest-clock.ts'
import type { AnswerWay, HostCallDesk } from './host-call-desk.ts'
import type { HostCalls } from './host-calls.ts'
import type { SandboxLimits } from './limits.ts'
import type { SandboxProcess } from './process.ts'
import { readResult } from './result.ts'
import { frameKind } from './wire.ts'

interface TrafficParts<C> {
  limits(): SandboxLimits
  failures: Failures
  hostCalls: HostCalls<C>
  desk: HostCallDesk<C>
  /** One that takes calls. */
  child(): SandboxProcess | undefined
  /** A call has got its answer: there is a place. */
  ended(): void
}

/** The calls in the child: what is sent for them, what it says about them, whose code runs. Each is settled once, when nothing of it runs in the host any more. */
export class CallTraffic<C> {
  readonly active = new Map<number, ActiveCall<C>>()
  readonly clock = new GuestClock<C>()
  #parts: TrafficParts<C>
  /** Given up by the host, while the child does not know it: what they still send is counted, and refused. */
  #late = new Map<number, ActiveCall<C>>()
  #lastCall = 0

  constructor(parts: TrafficParts<C>) {
    this.#parts = parts
  }

  get hasLate(): boolean {
    return this.#late.size > 0
  }

  get sites(): string[] {
    return [...this.active.values()].map((call) => call.request.site)
  }

  /** A child that knows of no call. */
  begin(): void {
    this.clock.reset()
    this.#late.clear()
  }

  launch(request: CallRequest<C>): void {
    this.#lastCall = (this.#lastCall % 0xffff_fffe) + 1
    const call = new ActiveCall(this.#lastCall, request, this.#parts.limits())
    this.active.set(call.id, call)
    this.#enterGuest(frameKind.call, call.id, 0, request.takeText())
  }

  /** For the calls launched from here on. */
  sendLimits(text: string): void {
    this.#enterGuest(frameKind.limits, 0, 0, text)
  }

  /** Answers a fault: what only a child says that somebody else took over. */
  receive(kind: number, id: number, hostCall: number, payload: string): string | undefined {
    if (kind === frameKind.done) return this.clock.done() ? undefined : 'it was done with nothing'
    if (kind !== frameKind.hostCall && kind !== frameKind.result && kind !== frameKind.failed) return `it sent a message of kind ${kind}`
    const call = this.active.get(id) ?? this.#late.get(id)
    if (!call) return 'it spoke of a call it was not given'
    if (kind === frameKind.hostCall) return this.#parts.desk.receive(call, hostCall, payload, this.#wayTo(call))
    if (this.#late.delete(id)) return undefined
    if (kind === frameKind.result) this.#answer(call, payload)
    else this.#end(call, () => call.request.reject(this.#parts.failures.fromGuest(call.request.site, payload, call.failures)))
    return undefined
  }

  /** Gives up a call that has taken too long with everything. */
  expire(call: ActiveCall<C>): void {
    this.#late.set(call.id, call)
    this.#end(call, () => call.request.reject(this.#parts.failures.timeout(call.request.site)))
  }

  /** All that run, for somebody else to settle. */
  takeActive(): ActiveCall<C>[] {
    const calls = [...this.active.values()]
    this.active.clear()
    return calls
  }

  settle(call: ActiveCall<C>, act: () => void): void {
    call.end()
    if (call.unanswered.size === 0) act()
    else void call.quiet().then(act)
  }

  #answer(call: ActiveCall<C>, payload: string): void {
    const { failures, hostCalls } = this.#parts
    try {
      const value = readResult(call, payload, failures, hostCalls)
      this.#end(call, () => call.request.resolve(value))
    } catch (error) {
      this.#end(call, () => call.request.reject(error))
    }
  }

  #end(call: ActiveCall<C>, act: () => void): void {
    this.active.delete(call.id)
    this.settle(call, act)
    this.#parts.ended()
  }

  #wayTo({ id }: ActiveCall<C>): AnswerWay {
    const isThere = (hostCall: number): boolean => hostCall > 0 && (this.active.has(id) || this.#late.has(id))
    return {
      send: (kind, hostCall, text) => isThere(hostCall) && this.#enterGuest(kind, id, hostCall, text),
      ready: () => this.#parts.child()?.unblocked(),
      hold: (isHeld) => this.#parts.child()?.hold(isHeld),
    }
  }

  #enterGuest(kind: number, call: number, hostCall: number, text: string): void {
    this.clock.entered(call)
    this.#parts.child()?.send(kind, call, hostCall, text)
  }
}
