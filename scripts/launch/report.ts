/** What the person at the terminal sees. A terminal that went away is no reason to stop. */
export class Report {
  readonly timings: Record<string, number> = {}
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  line(text = ''): void {
    this.#write(`${text}\n`)
  }

  /** Something that happened outside the order of things. */
  notice(message: string): void {
    this.line(`  ! ${message}`)
  }

  /** Does a step and says how long it took. */
  async step<T>(name: string, work: () => Promise<T>, describe: (result: T) => string = () => ''): Promise<T> {
    const started = performance.now()
    const result = await work()
    this.timings[name] = Math.round(performance.now() - started)
    this.line(`  ✓ ${name.padEnd(13)}${(this.timings[name] / 1000).toFixed(2).padStart(6)} s   ${describe(result)}`.trimEnd())
    return result
  }
}
