import type { PluginHost } from '@opsflux/kernel'
import { hookChains, type HookChains } from '../hooks/index.ts'
import type { PluginRelease } from '../modules/index.ts'

/** Told of plugins whose `hookOrder` contradict each other on an event. */
export type CycleObserver = (pluginId: string, event: string, cycle: readonly string[]) => void

/** Which plugins hook whose entities, of those that serve now. Worked out again whenever another release serves. */
export class ServingHooks {
  readonly #host: PluginHost<PluginRelease>
  readonly #onCycle: CycleObserver
  #serving: readonly PluginRelease[] = []
  readonly #chains = new Map<string, HookChains>()
  readonly #others = new Map<string, readonly string[]>()

  constructor(host: PluginHost<PluginRelease>, onCycle: CycleObserver) {
    this.#host = host
    this.#onCycle = onCycle
  }

  /** Empty for a plugin that does not serve. */
  chainsOf(pluginId: string): HookChains {
    this.#refresh()
    const known = this.#chains.get(pluginId)
    if (known) return known
    const owner = this.#serving.find((release) => release.pluginId === pluginId)
    const chains = owner ? hookChains(owner.manifest, this.#serving.map(({ manifest }) => manifest), (event, cycle) => this.#onCycle(pluginId, event, cycle)) : new Map<string, string[]>()
    this.#chains.set(pluginId, chains)
    return chains
  }

  /** The other plugins that may run in a write of this one: those that hook its entities, those that hook theirs, and so on. */
  othersOf(pluginId: string): readonly string[] {
    this.#refresh()
    const known = this.#others.get(pluginId)
    if (known) return known
    const found = new Set([pluginId])
    for (const id of found) for (const chain of this.chainsOf(id).values()) for (const other of chain) found.add(other)
    const others = [...found].filter((id) => id !== pluginId)
    this.#others.set(pluginId, others)
    return others
  }

  #refresh(): void {
    const serving = this.#host.all()
    if (serving.length === this.#serving.length && serving.every((release, at) => release === this.#serving[at])) return
    this.#serving = serving
    this.#chains.clear()
    this.#others.clear()
  }
}
