import type { Actor } from '@opsflux/data'
import { actions, reservedIds, type MenuItem, type PluginManifest } from '@opsflux/sdk'
import type { Held, SignedIn, SystemRole } from './signed-in.ts'

const actors = new WeakMap<readonly Held[], { enabled: readonly PluginManifest[]; actor: Actor }>()

/**
 * Who a user acts as: what the roles he holds permit while these plugins are enabled. The very same object for as long as
 * neither changes, so that what is worked out from it can be kept with it.
 */
export function actorOf(user: Pick<SignedIn, 'id' | 'tenantId' | 'locale' | 'held'>, enabled: readonly PluginManifest[]): Actor {
  const known = actors.get(user.held)
  if (known && isSame(known.enabled, enabled)) return known.actor
  const actor: Actor = {
    tenantId: user.tenantId, userId: user.id, locale: user.locale,
    permissions: [...new Set(user.held.filter(({ companyId }) => companyId === null).flatMap((held) => permissionsOf(held, enabled, coreApps)))],
    places: user.held.flatMap((held) => (held.companyId === null ? [] : [{ companyId: held.companyId, departmentIds: held.departmentIds, permissions: permissionsOf(held, enabled) }])),
  }
  actors.set(user.held, { enabled, actor })
  return actor
}

/** Rights on the platform itself are held in the whole tenant or not at all. */
const coreApps: ReadonlySet<string> = new Set(reservedIds)

const isSame = (some: readonly PluginManifest[], others: readonly PluginManifest[]): boolean =>
  some === others || (some.length === others.length && some.every((manifest, at) => manifest === others[at]))

/** What is granted for a plugin that is not enabled waits until it is. */
function permissionsOf({ systemRoles, permissions }: Held, enabled: readonly PluginManifest[], others: ReadonlySet<string> = new Set()): string[] {
  if (systemRoles.includes('admin')) return ['*']
  const apps = new Set(enabled.map(({ id }) => id))
  const granted = permissions.filter((permission) => apps.has(appOf(permission)) || others.has(appOf(permission)))
  return [...new Set([...systemRoles.flatMap((role) => declaredFor(role, enabled)), ...granted])]
}

const appOf = (permission: string): string => permission.slice(0, permission.indexOf('.'))

/** What plugins declare for the system roles (CORE-02.12). */
function declaredFor(role: SystemRole, enabled: readonly PluginManifest[]): string[] {
  return enabled.flatMap((manifest) => manifest.permissions
    .filter((permission) => permission.roles?.some((named) => named === role))
    .map((permission) => `${manifest.id}.${permission.action}.${permission.scope}`))
}

/** Everything the actor may somewhere, for what a screen offers. What he may with a record is decided record by record. */
export function permissionsAnywhere({ permissions, places = [] }: Actor, enabled: readonly PluginManifest[]): string[] {
  const atPlaces = places.flatMap((place) => (place.permissions.includes('*') ? enabled.flatMap(({ id }) => actions.map((action) => `${id}.${action}.company`)) : place.permissions))
  return [...new Set([...permissions, ...atPlaces])]
}

/** Whether a right on the platform, such as `modules.manage`, is held. */
export function mayOnPlatform({ held }: Pick<SignedIn, 'held'>, app: string, action: string): boolean {
  return held.some(({ companyId, systemRoles, permissions }) => companyId === null && (systemRoles.includes('admin') || permissions.includes(`${app}.${action}.all`)))
}

export function may(permissions: readonly string[], app: string, action: string): boolean {
  return permissions.some((permission) => permission === '*' || permission.startsWith(`${app}.${action}.`))
}

/** The menu entries a user may see (CORE-05.2), in the order their plugins declare. */
export function menusOf(manifest: PluginManifest, permissions: readonly string[], messages: Record<string, string>): MenuItem[] {
  return manifest.menus
    .filter((menu) => may(permissions, manifest.id, menu.action ?? 'view'))
    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((menu) => ({ id: menu.id, icon: menu.icon, pluginId: manifest.id, label: messages[menu.label] ?? menu.label, to: `/x/${manifest.id}${menu.page}` }))
}
