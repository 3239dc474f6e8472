import type { ActivePlugin } from '@opsflux/sdk'
import type { ClientContext, ClientDefinition, PageDeclaration } from '@opsflux/sdk/client'
import { defineAsyncComponent, defineComponent, effectScope, h, type Component } from 'vue'
import type { Router } from 'vue-router'
import { addStylesheet } from '../stylesheet.ts'
import { moduleContext } from './module-context.ts'
import ModulePage from './module-page.vue'

export interface LoadedPlugin { plugin: ActivePlugin; unload(): void }

/** Fetches and verifies the code of a plugin, without running its `setup`. @throws when a file is missing or altered. */
export async function fetchPlugin(plugin: ActivePlugin): Promise<ClientDefinition | undefined> {
  if (!plugin.entry) return undefined
  // Browsers without integrity in import maps import from the cache what was verified here.
  await Promise.all(Object.entries(plugin.integrity).map(async ([url, integrity]) => {
    const response = await fetch(url, { integrity })
    if (!response.ok) throw new Error(`${url} answers ${response.status}.`)
  }))
  const loaded = await import(/* @vite-ignore */ plugin.entry) as { default?: ClientDefinition }
  if (typeof loaded.default?.setup !== 'function') throw new Error(`The client of "${plugin.id}" has no default export made by defineClient().`)
  return loaded.default
}

/** Runs a plugin's `setup`. Everything it adds is undone by `unload`, also when setup fails half-way. */
export function mountPlugin(plugin: ActivePlugin, definition: ClientDefinition, router: Router): LoadedPlugin {
  const undo: (() => void)[] = []
  const scope = effectScope(true)
  const unload = (): void => {
    for (const step of undo.splice(0).toReversed()) attempt(step)
    scope.stop()
  }
  const context: ClientContext = Object.create(moduleContext(plugin), {
    addPage: { value: (page: PageDeclaration) => undo.push(addPage(router, context, page)) },
    onDispose: { value: (step: () => void) => undo.push(step) },
  }) as ClientContext
  try {
    scope.run(() => definition.setup(context))
  } catch (error) {
    unload()
    throw error
  }
  return { plugin, unload }
}

/** The plugin's own stylesheets. @returns their removal */
export async function addStyles(plugin: ActivePlugin): Promise<() => void> {
  const links = await Promise.all(plugin.css.map((url) => addStylesheet(url, { integrity: plugin.integrity[url] })))
  return () => { for (const link of links) link.remove() }
}

function addPage(router: Router, context: ClientContext, page: PageDeclaration): () => void {
  const component = pageComponent(page.component)
  return router.addRoute('frame', {
    path: `/x/${context.id}${page.path === '/' ? '' : page.path}`,
    name: `${context.id}:${page.name}`,
    component: defineComponent({ name: `${context.id}:${page.name}`, setup: () => () => h(ModulePage, { context, page: component }) }),
    meta: { pluginId: context.id, title: () => context.t(page.title) },
  })
}

// A function without props is a lazy import, as in vue-router.
function pageComponent(component: PageDeclaration['component']): Component {
  if (typeof component !== 'function' || 'props' in component || 'displayName' in component) return component as Component
  return defineAsyncComponent(component as () => Promise<{ default: Component }>)
}

function attempt(step: () => void): void {
  try {
    step()
  } catch (error) {
    console.error('A plugin failed to clean up.', error)
  }
}
