import type { CapabilityName, Json } from '@opsflux/sdk'
import { ownMsOf } from './limits.ts'
import type { SandboxLimits } from './limits.ts'

// Whoever waits behind two that run away has an answer after 1.25 times the time of a call, and two starts.
const suspicion = 4

export interface CallInfo {
  user: { id: string; locale: string }
  tenant: { id: string }
  /** RFC 3339 UTC. */
  now: string
  granted: readonly CapabilityName[]
}

/** A call somebody waits for, whether it runs or not yet. */
export interface CallRequest<C> {
  site: string
  /** JSON text of site, input and info, not kept: of a call that runs, the host holds its caller's input and no copy. */
  takeText(): string
  /** Of its text. */
  bytes: number
  info: CallInfo
  context: C
  retried: boolean
  /** It was there when a call of its site ran away, and has not been run since: if it does the same, it is ended sooner. */
  isSuspect: boolean
  resolve(value: Json): void
  reject(error: unknown): void
}

/** A call that runs in the child, and all that is counted about it. */
export class ActiveCall<C> {
  readonly id: number
  readonly request: CallRequest<C>
  /** As they were when it began: its code was told these. */
  readonly limits: SandboxLimits
  guestMs = 0
  wallMs = 0
  hostCalls = 0
  logLines = 0
  logBytes = 0
  bytes = 0
  /** Began a host call that writes: must not run twice. */
  wrote = false
  /** Host calls received and not yet answered, by name. */
  readonly unanswered = new Map<number, string>()
  /** What failed host calls threw: if the plugin lets one through, the caller gets that very error. */
  readonly failures = new Map<number, unknown>()
  #ending: AbortController | undefined
  #ended = false
  #last: Promise<void> = Promise.resolve()
  #running: Promise<void> = Promise.resolve()

  constructor(id: number, request: CallRequest<C>, limits: SandboxLimits) {
    this.id = id
    this.request = request
    this.limits = limits
  }

  /** Milliseconds its own code may run. */
  get ownMs(): number {
    const { site, isSuspect } = this.request
    return ownMsOf(site, this.limits) / (isSuspect ? suspicion : 1)
  }

  /** Neither answers nor host calls of it count any more. */
  get ended(): boolean {
    return this.#ended
  }

  /** Made when a host call first wants it: most never wait for anything long. */
  get signal(): AbortSignal {
    this.#ending ??= new AbortController()
    if (this.#ended) this.#ending.abort()
    return this.#ending.signal
  }

  end(): void {
    this.#ended = true
    this.#ending?.abort()
  }

  /** One host call of a call at a time, in order: they share its transaction. `ready` is waited for first, unless the call has ended. */
  inTurn(ready: () => Promise<void> | undefined, work: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      if (!this.ended) await ready()
      this.#running = work()
      await this.#running
    })
  }

  /** Settles when no host call of it runs any more; once it has ended, none begins. */
  async quiet(): Promise<void> {
    await this.#running
  }
}
