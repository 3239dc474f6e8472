import { OpsFluxError } from '@opsflux/sdk'

/**
 * Lets calls through one at a time until it is closed.
 * A plugin may leave a call un-awaited; once its transaction has ended, the connection below serves somebody else.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new OpsFluxError('conflict', 'This call came after its request had ended. Await every call to the database before answering.'))
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Refuses further calls and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }
}
