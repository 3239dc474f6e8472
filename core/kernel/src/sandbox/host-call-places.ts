/**
 * Host calls of one sandbox that run at once. Each may answer with a whole message, which is in the host's memory until the
 * child has taken it: so this many messages are, at most, whatever the number of calls in flight.
 */
const mostAtOnce = 8

export class HostCallPlaces {
  #taken = 0
  #waiting: (() => void)[] = []

  /** Settles when there is a place and the child takes what it is sent (`ready`); to be given back by `free`. */
  async take(ready: () => Promise<void> | undefined): Promise<void> {
    for (;;) {
      const blocked = ready()
      if (blocked) await blocked
      else if (this.#taken < mostAtOnce) break
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#taken += 1
  }

  free(): void {
    this.#taken -= 1
    this.#waiting.shift()?.()
  }
}
