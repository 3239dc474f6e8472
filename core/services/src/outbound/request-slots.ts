const perPlugin = 8
const perHost = 64

interface Waiting { plugin: string; enter(): void }

/** How many requests run at once: of one plugin, and of all. The others wait in their order, none behind another plugin's. */
export class RequestSlots {
  readonly #running = new Map<string, number>()
  #total = 0
  #waiting: Waiting[] = []

  /** Answers how to leave. @throws the signal's reason when no place came free in time */
  async enter(plugin: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#isFree(plugin)) this.#count(plugin, 1)
    else await this.#wait(plugin, signal)
    return () => this.#leave(plugin)
  }

  #wait(plugin: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(signal.reason)
      }
      const waiting: Waiting = {
        plugin,
        enter: () => {
          signal.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      this.#waiting.push(waiting)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #leave(plugin: string): void {
    this.#count(plugin, -1)
    const next = this.#waiting.findIndex((waiting) => this.#isFree(waiting.plugin))
    const [waiting] = next < 0 ? [] : this.#waiting.splice(next, 1)
    if (!waiting) return
    this.#count(waiting.plugin, 1)
    waiting.enter()
  }

  #isFree(plugin: string): boolean {
    return this.#total < perHost && (this.#running.get(plugin) ?? 0) < perPlugin
  }

  #count(plugin: string, change: 1 | -1): void {
    this.#total += change
    const running = (this.#running.get(plugin) ?? 0) + change
    if (running === 0) this.#running.delete(plugin)
    else this.#running.set(plugin, running)
  }
}
