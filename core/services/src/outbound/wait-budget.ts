/** Milliseconds that several requests may take together. */
export class WaitBudget {
  #leftMs: number

  constructor(totalMs: number) {
    this.#leftMs = totalMs
  }

  get leftMs(): number {
    return Math.floor(this.#leftMs)
  }

  spend(ms: number): void {
    this.#leftMs = Math.max(0, this.#leftMs - ms)
  }
}
