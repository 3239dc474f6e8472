import type { EntityDeclaration, PluginManifest } from '@opsflux/sdk'
import { orderHooks } from './hook-order.ts'

/** What of a manifest says which events it hooks and lets be hooked. */
export type HookingManifest = Pick<PluginManifest, 'id' | 'dependencies' | 'entities' | 'hooks' | 'hookOrder'>

/** The plugins that hook the events of one plugin's entities, the first to run first: by `incident.beforeCreate`, `incident.afterChange.state`. */
export type HookChains = ReadonlyMap<string, readonly string[]>

/** Under which key a plugin declares the hooks of an entity, and its code has them: `incident`, another's `hse-reports/incident`. */
export function ownKey(ownerId: string, entity: string, pluginId: string): string {
  return pluginId === ownerId ? entity : `${ownerId}/${entity}`
}

/**
 * The chains of one plugin's entities over all that serve. Hooks that their entity does not let in are left out.
 * @param onCycle told of plugins whose `hookOrder` contradict each other
 */
export function hookChains(owner: HookingManifest, serving: readonly HookingManifest[], onCycle: (event: string, cycle: readonly string[]) => void = () => undefined): HookChains {
  const others = serving.filter(({ id }) => id !== owner.id)
  const chains = new Map<string, readonly string[]>()
  for (const entity of owner.entities) {
    for (const [event, plugins] of hookersOf(owner, entity, [owner, ...others])) {
      const name = `${entity.name}.${event}`
      const { order, cycle } = orderHooks(owner.id, plugins.map(({ id, hookOrder = {} }) => ({ pluginId: id, after: hookOrder.after ?? [], before: hookOrder.before ?? [] })))
      if (cycle) onCycle(name, cycle)
      chains.set(name, order)
    }
  }
  return chains
}

function hookersOf(owner: HookingManifest, entity: EntityDeclaration, plugins: readonly HookingManifest[]): Map<string, HookingManifest[]> {
  const found = new Map<string, HookingManifest[]>()
  for (const plugin of plugins) {
    if (!mayHook(owner, entity, plugin)) continue
    for (const event of new Set(plugin.hooks[ownKey(owner.id, entity.name, plugin.id)])) found.set(event, [...found.get(event) ?? [], plugin])
  }
  return found
}

function mayHook(owner: HookingManifest, { hookable = false }: EntityDeclaration, plugin: HookingManifest): boolean {
  if (plugin.id === owner.id) return true
  return Object.hasOwn(plugin.dependencies, owner.id) && (typeof hookable === 'boolean' ? hookable : hookable.includes(plugin.id))
}

/** Why a plugin's hooks on another's entities would not run; undefined when they would. */
export function hookProblem(owner: HookingManifest, plugin: HookingManifest): string | undefined {
  for (const [key, events] of Object.entries(plugin.hooks)) {
    const [ownerId, name = ''] = key.split('/')
    if (ownerId !== owner.id || !key.includes('/')) continue
    const entity = owner.entities.find((one) => one.name === name)
    if (!entity) return `${owner.id} has no entity "${name}"`
    if (!mayHook(owner, entity, plugin)) return `${owner.id} does not let it hook "${name}"`
    const unknown = events.find((event) => !canHappen(entity, event))
    if (unknown) return `"${name}" of ${owner.id} never has ${unknown}`
  }
  return undefined
}

/** Whether an entity has what an event is about: states, a field. */
function canHappen(entity: EntityDeclaration, event: string): boolean {
  const [kind, field] = event.split('.')
  if (event === 'afterChange.state') return entity.states !== undefined
  if (field !== undefined) return Object.hasOwn(entity.fields, field)
  return entity.states !== undefined || (kind !== 'beforeTransition' && kind !== 'afterTransition')
}
