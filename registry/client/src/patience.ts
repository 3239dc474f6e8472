import { unreachable } from './faults.ts'

/** How long a registry is waited for. */
export interface Patience {
  /** From the request to the first byte of the answer, in milliseconds. Default 15,000. */
  headMs: number
  /** What has to come in at least, after the head of the answer. Default 1,024. */
  bytesPerSecond: number
  /** Over how long that is measured, in milliseconds. Default 10,000. */
  windowMs: number
}

export const defaultPatience: Readonly<Patience> = { headMs: 15_000, bytesPerSecond: 1_024, windowMs: 10_000 }

const samplesPerWindow = 10

/**
 * Ends an answer that trickles: whoever holds the wire could keep a host busy until the total time-out, at every file.
 * Windows are counted in samples and not by the clock, so that a host that was busy itself blames nobody.
 */
export class PaceGuard implements Disposable {
  #received = 0
  readonly #samples: number[] = [0]
  readonly #timer: NodeJS.Timeout

  constructor(url: string, { bytesPerSecond, windowMs }: Patience, end: (error: Error) => void) {
    const wanted = bytesPerSecond * windowMs / 1_000
    this.#timer = setInterval(() => {
      this.#samples.push(this.#received)
      if (this.#samples.length <= samplesPerWindow) return
      const before = this.#samples.shift() ?? 0
      if (this.#received - before < wanted) end(unreachable(url, `it answers slower than ${bytesPerSecond} bytes a second`))
    }, windowMs / samplesPerWindow)
  }

  count(bytes: number): void {
    this.#received += bytes
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
