/** Lets one change of a plugin run at a time on this host, in the order of asking. */
export class PluginLocks {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(pluginId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(pluginId) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.catch(() => undefined)
    this.#last.set(pluginId, settled)
    try {
      return await mine
    } finally {
      if (this.#last.get(pluginId) === settled) this.#last.delete(pluginId)
    }
  }
}
