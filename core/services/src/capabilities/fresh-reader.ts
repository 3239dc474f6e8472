interface Kept<V> {
  since: number
  value: Promise<V>
}

interface Waiting<V> {
  resolve(value: V): void
  reject(error: unknown): void
}

export interface FreshReaderOptions<V> {
  /** How old an answer may be, milliseconds. */
  maxAgeMs: number
  /** Reads many at once; a key that is left out is `undefined`. */
  read(keys: string[]): Promise<ReadonlyMap<string, V>>
  /** Milliseconds of a clock that never goes back. */
  now?(): number
}

const maxKept = 10_000

/**
 * Reads by key, remembers for a moment, and forgets at once when told to. However many ask, one read is under way at a time
 * for all of them together: it never takes more than one connection.
 */
export class FreshReader<V> {
  readonly #options: FreshReaderOptions<V>
  readonly #kept = new Map<string, Kept<V | undefined>>()
  #waiting = new Map<string, Waiting<V | undefined>[]>()
  #isReading = false

  constructor(options: FreshReaderOptions<V>) {
    this.#options = options
  }

  get(key: string): Promise<V | undefined> {
    const now = this.#now()
    const known = this.#kept.get(key)
    if (known && now - known.since < this.#options.maxAgeMs) return known.value
    if (this.#kept.size >= maxKept) this.#kept.clear()
    const value = new Promise<V | undefined>((resolve, reject) => {
      const others = this.#waiting.get(key) ?? []
      this.#waiting.set(key, [...others, { resolve, reject }])
    })
    // Its age counts from here: what is read is not older.
    this.#kept.set(key, { since: now, value })
    value.catch(() => { if (this.#kept.get(key)?.value === value) this.#kept.delete(key) })
    if (!this.#isReading) void this.#readAll()
    return value
  }

  /** What is asked for from now on is read anew; whoever waits already may be answered as before. */
  forget(concerns: (key: string) => boolean = () => true): void {
    for (const key of this.#kept.keys()) if (concerns(key)) this.#kept.delete(key)
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    // All who ask in the same turn are read for together.
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const waiting = this.#waiting
      this.#waiting = new Map()
      await this.#read(waiting)
    }
    this.#isReading = false
  }

  async #read(waiting: ReadonlyMap<string, readonly Waiting<V | undefined>[]>): Promise<void> {
    try {
      const found = await this.#options.read([...waiting.keys()])
      for (const [key, all] of waiting) for (const { resolve } of all) resolve(found.get(key))
    } catch (error) {
      for (const all of waiting.values()) for (const { reject } of all) reject(error)
    }
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now()
  }
}
