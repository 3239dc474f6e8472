import { OpsFluxError } from '@opsflux/sdk'

/**
 * Lets calls to one plugin through, or holds them while the plugin is changed.
 * Held callers wait; none gets an error unless the pause outlasts `maxWaitMs`.
 */
export class Gate {
  readonly #maxWaitMs: number
  #inFlight = 0
  #closed: { opened: Promise<void>; open: () => void } | undefined
  #drained: (() => void) | undefined

  constructor(maxWaitMs = 60_000) {
    this.#maxWaitMs = maxWaitMs
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves once the gate is open; call the answer when the call has ended. */
  async enter(): Promise<() => void> {
    const deadline = Date.now() + this.#maxWaitMs
    while (this.#closed) await withDeadline(this.#closed.opened, deadline)
    this.#inFlight++
    let left = false
    return () => {
      if (left) return
      left = true
      this.#inFlight--
      if (this.#inFlight === 0) this.#drained?.()
    }
  }

  /** Holds new calls and resolves when those inside have ended. Pausing twice is an error of ours. */
  async pause(): Promise<void> {
    if (this.#closed) throw new Error('The gate is closed already.')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#closed = { opened: promise, open: resolve }
    if (this.#inFlight === 0) return
    await new Promise<void>((drained) => { this.#drained = drained })
    this.#drained = undefined
  }

  resume(): void {
    const closed = this.#closed
    this.#closed = undefined
    closed?.open()
  }
}

async function withDeadline(opened: Promise<void>, deadline: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const late = () => reject(new OpsFluxError('not-ready', 'The module is being changed and took too long. Try again in a minute.'))
  const timer = setTimeout(late, Math.max(0, deadline - Date.now()))
  try {
    await Promise.race([opened, promise])
  } finally {
    clearTimeout(timer)
  }
}
