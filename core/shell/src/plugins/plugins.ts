import type { ActivePlugin } from '@opsflux/sdk'
import { defineStore, getActivePinia, type Pinia, type StateTree } from 'pinia'
import { reactive } from 'vue'
import type { Router } from 'vue-router'
import { addStyles, fetchPlugin, mountPlugin, type LoadedPlugin } from './loader.ts'

export type PluginState = { status: 'loading' } | { status: 'loaded'; version: string } | { status: 'failed'; version: string; error: string }

/** The plugins in this page. `apply` makes it those of the session: loads, replaces and removes only what differs. */
export const usePlugins = defineStore('plugins', () => {
  const states = reactive(new Map<string, PluginState>())
  const loaded = new Map<string, LoadedPlugin>()
  const wanted = new Map<string, string>()
  const queue = new Map<string, Promise<void>>()
  let router: Router | undefined

  const use = (given: Router): void => { router = given }

  /** @param before what the pages of the plugins need first, such as the stylesheet */
  function apply(plugins: readonly ActivePlugin[], before: Promise<void> = Promise.resolve()): void {
    const now = new Set(plugins.map((plugin) => plugin.id))
    const gone = [...wanted.keys()].filter((id) => !now.has(id))
    const changed = plugins.filter((plugin) => wanted.get(plugin.id) !== releaseOf(plugin) || states.get(plugin.id)?.status === 'failed')
    for (const id of gone) wanted.delete(id)
    for (const plugin of changed) wanted.set(plugin.id, releaseOf(plugin))
    for (const id of gone) void enqueue(id, () => remove(id))
    for (const plugin of changed) {
      if (!states.has(plugin.id)) states.set(plugin.id, { status: 'loading' })
      void enqueue(plugin.id, () => before.then(() => load(plugin)))
    }
  }

  function remove(id: string): void {
    unload(id)
    states.delete(id)
  }

  // One change of a plugin at a time, in order. Navigation waits for `settled`, so the navigation after a change is not part of it.
  async function enqueue(id: string, change: () => Promise<void> | void): Promise<void> {
    const next = (queue.get(id) ?? Promise.resolve()).then(change)
    queue.set(id, next)
    await next
    await showAgain(id)
  }

  async function load(plugin: ActivePlugin): Promise<void> {
    if (!router) throw new Error('The plugins have no router yet.')
    try {
      // The new release is fetched, verified and styled before the old one goes: an open page changes in one step.
      const definition = await fetchPlugin(plugin)
      const removeStyles = await addStyles(plugin)
      unload(plugin.id)
      const mounted = definition ? mountPlugin(plugin, definition, router) : undefined
      loaded.set(plugin.id, { plugin, unload: () => { mounted?.unload(); removeStyles(); disposeStores(plugin.id) } })
      states.set(plugin.id, { status: 'loaded', version: plugin.version })
    } catch (error) {
      console.error(`[${plugin.id}]`, error)
      unload(plugin.id)
      states.set(plugin.id, { status: 'failed', version: plugin.version, error: error instanceof Error ? error.message : String(error) })
    }
  }

  function unload(id: string): void {
    loaded.get(id)?.unload()
    loaded.delete(id)
  }

  /** Tries a plugin again that could not be loaded. */
  async function retry(plugin: ActivePlugin): Promise<void> {
    states.set(plugin.id, { status: 'loading' })
    await enqueue(plugin.id, () => load(plugin))
  }

  // The page that is open may now be another release's, or nobody's.
  async function showAgain(id: string): Promise<void> {
    const current = router?.currentRoute.value
    if (current?.path.startsWith(`/x/${id}/`) || current?.path === `/x/${id}`) await router?.replace({ path: current.path, query: current.query, hash: current.hash, force: true })
  }

  /** Answers when nothing is under way for a plugin any more. */
  async function settled(id: string): Promise<void> {
    await queue.get(id)
  }

  return { states, use, apply, retry, settled }
})

/** Changes whenever other files must be loaded. */
function releaseOf(plugin: ActivePlugin): string {
  return [plugin.version, plugin.entry ?? '', ...plugin.css].join(' ')
}

/** Stores of a plugin are named `<id>:…`; they go with it. */
function disposeStores(pluginId: string): void {
  const pinia = getActivePinia() as (Pinia & { _s: Map<string, { $dispose(): void }> }) | undefined
  if (!pinia) return
  for (const [id, store] of pinia._s) {
    if (!id.startsWith(`${pluginId}:`)) continue
    store.$dispose()
    delete (pinia.state.value as Record<string, StateTree>)[id]
  }
}
