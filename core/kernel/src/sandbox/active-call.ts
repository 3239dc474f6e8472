import type { CapabilityName, Json } from '@opsflux/sdk'

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
  /** JSON text of site, input and info. */
  text: string
  info: CallInfo
  context: C
  retried: boolean
  resolve(value: Json): void
  reject(error: unknown): void
}

/** A call that runs in the child, and all that is counted about it. */
export class ActiveCall<C> {
  readonly id: number
  readonly request: CallRequest<C>
  guestMs = 0
  wallMs = 0
  hostCalls = 0
  logLines = 0
  bytes = 0
  /** Began a host call that writes: must not run twice. */
  wrote = false
  /** Host calls received and not yet answered, by name. */
  readonly unanswered = new Map<number, string>()
  /** What failed host calls threw: if the plugin lets one through, the caller gets that very error. */
  readonly failures = new Map<number, unknown>()
  /** Neither answers nor host calls of it count any more. */
  ended = false
  #last: Promise<void> = Promise.resolve()

  constructor(id: number, request: CallRequest<C>) {
    this.id = id
    this.request = request
  }

  /** One host call of a call at a time, in order: they share its transaction. Skipped when the call has ended before its turn. */
  inTurn(work: () => Promise<void>): void {
    this.#last = this.#last.then(() => (this.ended ? undefined : work()))
  }

  /** Settles when no host call of it runs any more. */
  async quiet(): Promise<void> {
    await this.#last
  }
}
