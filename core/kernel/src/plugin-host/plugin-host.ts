import { OpsFluxError } from '@opsflux/sdk'
import { Gate } from './gate.ts'

/** A plugin at a release, loaded and able to answer. */
export interface LoadedRelease {
  readonly pluginId: string
  readonly version: string
  readonly digest: string
  /** Ends its sandbox. */
  stop(): Promise<void>
}

/** A plugin that is installed and does not serve. */
export interface Withheld {
  name: string
  /** Why, and what to do about it: whole sentences. */
  reason: string
}

interface Slot<R> {
  gate: Gate
  current: R | undefined
  withheld: Withheld | undefined
}

/** The plugins this host serves. Every call goes through `use`, so that a change can hold, swap and let go. */
export class PluginHost<R extends LoadedRelease> {
  readonly #slots = new Map<string, Slot<R>>()

  /** Runs `work` on the release now serving; waits while the plugin is being changed. @throws not-found, plugin-stopped when it is installed and does not serve */
  async use<T>(pluginId: string, work: (release: R) => Promise<T>): Promise<T> {
    const slot = this.#slots.get(pluginId)
    if (!slot) throw notInstalled(pluginId)
    const leave = await slot.gate.enter()
    try {
      if (!slot.current) throw slot.withheld ? stopped(slot.withheld) : notInstalled(pluginId)
      return await work(slot.current)
    } finally {
      leave()
    }
  }

  current(pluginId: string): R | undefined {
    return this.#slots.get(pluginId)?.current
  }

  all(): R[] {
    return [...this.#slots.values()].flatMap((slot) => slot.current ?? [])
  }

  /** Those installed that do not serve, by id. */
  withheld(): Map<string, Withheld> {
    return new Map([...this.#slots].flatMap(([pluginId, { withheld }]) => (withheld ? [[pluginId, withheld] as const] : [])))
  }

  /** Holds the plugin's calls and resolves when those inside have ended. */
  async pause(pluginId: string): Promise<void> {
    await this.#slot(pluginId).gate.pause()
  }

  /** Makes `release` the one that serves from now on (undefined: none) and answers the one before it. */
  swap(pluginId: string, release: R | undefined): R | undefined {
    const slot = this.#slot(pluginId)
    const before = slot.current
    slot.current = release
    slot.withheld = undefined
    return before
  }

  /** From now on calls are told why the plugin does not serve. Answers the release that served before. */
  withhold(pluginId: string, why: Withheld): R | undefined {
    const before = this.swap(pluginId, undefined)
    this.#slot(pluginId).withheld = why
    return before
  }

  resume(pluginId: string): void {
    const slot = this.#slot(pluginId)
    slot.gate.resume()
    if (!slot.current && !slot.withheld && slot.gate.inFlight === 0) this.#slots.delete(pluginId)
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((release) => release.stop()))
    this.#slots.clear()
  }

  #slot(pluginId: string): Slot<R> {
    const known = this.#slots.get(pluginId)
    if (known) return known
    const slot: Slot<R> = { gate: new Gate(), current: undefined, withheld: undefined }
    this.#slots.set(pluginId, slot)
    return slot
  }
}

function stopped({ name, reason }: Withheld): OpsFluxError {
  return new OpsFluxError('plugin-stopped', `${name} does not run. ${reason}`)
}

function notInstalled(pluginId: string): OpsFluxError {
  return new OpsFluxError('not-found', `The module "${pluginId}" is not installed on this platform.`)
}
