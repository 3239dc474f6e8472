import type { RecordChange, Watched } from '@opsflux/sdk'

/** Without a change: some may have been missed. */
export type ChangeListener = (change: RecordChange | undefined) => void

interface Watching {
  watched: Watched
  listeners: Set<ChangeListener>
}

/** What the pages watch. The host is asked once for all that watch the same, and again on each new connection. */
export class RecordWatches {
  readonly #send: (name: 'watch' | 'unwatch', watched: Watched) => void
  readonly #watching = new Map<string, Watching>()
  #isLost = false

  /** @param send does nothing while there is no connection */
  constructor(send: (name: 'watch' | 'unwatch', watched: Watched) => void) {
    this.#send = send
  }

  /** The answer ends it; twice is fine. */
  watch(watched: Watched, listener: ChangeListener): () => void {
    const key = keyOf(watched)
    const known = this.#watching.get(key) ?? { watched, listeners: new Set() }
    // Each call its own: the same function may be given twice.
    const own: ChangeListener = (change) => listener(change)
    known.listeners.add(own)
    if (!this.#watching.has(key)) this.#send('watch', watched)
    this.#watching.set(key, known)
    return () => {
      if (!known.listeners.delete(own) || known.listeners.size > 0) return
      this.#watching.delete(key)
      this.#send('unwatch', watched)
    }
  }

  /** A connection stands: the host knows of no watch on it. */
  connected(): void {
    for (const { watched } of this.#watching.values()) this.#send('watch', watched)
    if (this.#isLost) this.missed()
    this.#isLost = false
  }

  lost(): void {
    this.#isLost = true
  }

  changed(change: RecordChange): void {
    const { plugin, entity, id } = change
    for (const key of [keyOf({ plugin, entity }), keyOf({ plugin, entity, id })]) this.#tell(key, change)
  }

  missed(): void {
    for (const key of this.#watching.keys()) this.#tell(key, undefined)
  }

  /** A listener that fails keeps no other from hearing. */
  #tell(key: string, change: RecordChange | undefined): void {
    // One that is added meanwhile is not told.
    const listeners = [...this.#watching.get(key)?.listeners ?? []]
    for (const listener of listeners) {
      try {
        listener(change)
      } catch (error) {
        console.error(error)
      }
    }
  }
}

const keyOf = ({ plugin, entity, id = '' }: Watched): string => `${plugin}/${entity}/${id.toLowerCase()}`
