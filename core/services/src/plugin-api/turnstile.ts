import { OpsFluxError } from '@opsflux/sdk'

/** Lets a few through at a time; the others wait in the order in which they came. */
export class Turnstile {
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(places: number, maxWaiting: number) {
    this.#free = places
    this.#maxWaiting = maxWaiting
  }

  /** @throws too-many-requests when too many wait already */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    if (this.#waiting.length >= this.#maxWaiting) throw new OpsFluxError('too-many-requests', 'Too many requests wait for this module. Try again in a moment.')
    await new Promise<void>((resolve) => { this.#waiting.push(resolve) })
  }

  // The place goes to the next in line, so that nobody slips in between.
  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
