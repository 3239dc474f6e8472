import { OpsFluxError } from '@opsflux/sdk'

export interface SharedTurnstileOptions {
  places: number
  /** Of them, those that only who holds none may take: however much some take, others come in. */
  reserved: number
  /** Then a caller is turned away. */
  maxWaitMs: number
}

interface Waiting {
  holder: string
  enter(): void
}

/** Shares a few places among many holders. They wait in the order in which they came, none behind one that may not enter yet. */
export class SharedTurnstile {
  readonly #reserved: number
  readonly #maxWaitMs: number
  readonly #held = new Map<string, number>()
  #waiting: Waiting[] = []
  #free: number

  constructor({ places, reserved, maxWaitMs }: SharedTurnstileOptions) {
    this.#free = places
    this.#reserved = reserved
    this.#maxWaitMs = maxWaitMs
  }

  /** @throws too-many-requests when no place came free in time */
  async pass<T>(holder: string, work: () => Promise<T>): Promise<T> {
    if (this.#mayEnter(holder)) this.#take(holder)
    else await this.#wait(holder)
    try {
      return await work()
    } finally {
      this.#leave(holder)
    }
  }

  #wait(holder: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(new OpsFluxError('too-many-requests', 'Too many modules are at work at once. Try again in a moment.'))
      }, this.#maxWaitMs)
      const waiting: Waiting = {
        holder,
        enter: () => {
          clearTimeout(late)
          resolve()
        },
      }
      this.#waiting.push(waiting)
    })
  }

  #leave(holder: string): void {
    const held = (this.#held.get(holder) ?? 1) - 1
    if (held === 0) this.#held.delete(holder)
    else this.#held.set(holder, held)
    this.#free++
    // More than one may: a holder without any is let in where the others are not.
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting = this.#waiting.filter((other) => other !== next)
      this.#take(next.holder)
      next.enter()
    }
  }

  #next(): Waiting | undefined {
    return this.#waiting.find(({ holder }) => this.#mayEnter(holder))
  }

  #mayEnter(holder: string): boolean {
    return this.#free > (this.#held.has(holder) ? this.#reserved : 0)
  }

  #take(holder: string): void {
    this.#free--
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1)
  }
}
