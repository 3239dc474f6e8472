const windowSeconds = 60

/** Processor time of one plugin within the last minute, kept by the second. */
export class CpuWindow {
  #seconds: { at: number; ms: number }[] = []

  /** Counts and answers the sum. */
  add(ms: number, nowMs = performance.now()): number {
    const at = Math.floor(nowMs / 1000)
    const last = this.#seconds.at(-1)
    if (last?.at === at) last.ms += ms
    else this.#seconds.push({ at, ms })
    if ((this.#seconds[0]?.at ?? at) <= at - windowSeconds) this.#seconds = this.#seconds.filter((second) => second.at > at - windowSeconds)
    return this.#seconds.reduce((sum, second) => sum + second.ms, 0)
  }

  /** A death pays for what was used: the next child begins anew. */
  clear(): void {
    this.#seconds = []
  }
}
