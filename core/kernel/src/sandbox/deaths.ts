const windowMs = 600_000
const deathsToStop = 3
const firstDelayMs = 200
const longestDelayMs = 10_000

/** Counts the deaths of one plugin's children and says what follows: the next one at once, later, or never. */
export class DeathRecord {
  #times: number[] = []
  #inRow = 0

  /** Deaths in the last ten minutes, this one included. */
  add(now = performance.now()): number {
    this.#times = [...this.#times.filter((time) => now - time < windowMs), now]
    this.#inRow += 1
    return this.#times.length
  }

  get shouldStop(): boolean {
    return this.#times.length >= deathsToStop
  }

  /** Before the next start: none after the first death in a row, then 200 ms doubling to 10 s. */
  get delayMs(): number {
    return this.#inRow <= 1 ? 0 : Math.min(firstDelayMs * 2 ** (this.#inRow - 2), longestDelayMs)
  }

  succeeded(): void {
    this.#inRow = 0
  }

  clear(): void {
    this.#times = []
    this.#inRow = 0
  }
}
