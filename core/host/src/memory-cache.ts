/** Keeps bytes that never change under their name, the most lately used ones, up to a total size. */
export class MemoryCache {
  readonly #maxBytes: number
  readonly #kept = new Map<string, Buffer>()
  readonly #reading = new Map<string, Promise<Buffer>>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Callers that come while it is read share the reading; a failed reading is not remembered. */
  async get(name: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const kept = this.#kept.get(name)
    if (kept) {
      this.#kept.delete(name)
      this.#kept.set(name, kept)
      return kept
    }
    const reading = this.#reading.get(name) ?? this.#read(name, read)
    this.#reading.set(name, reading)
    return reading
  }

  async #read(name: string, read: () => Promise<Buffer>): Promise<Buffer> {
    try {
      const bytes = await read()
      if (bytes.length <= this.#maxBytes / 4) this.#keep(name, bytes)
      return bytes
    } finally {
      this.#reading.delete(name)
    }
  }

  #keep(name: string, bytes: Buffer): void {
    this.#kept.set(name, bytes)
    this.#bytes += bytes.length
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) break
      this.#kept.delete(oldest)
      this.#bytes -= length
    }
  }
}
