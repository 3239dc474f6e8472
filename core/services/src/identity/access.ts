import type { MenuItem, PluginManifest } from '@opsflux/sdk'
import type { SignedIn } from './identity.ts'

/**
 * The permissions of a user, as `<app>.<action>.<scope>` (CORE-02.9); `*` is everything.
 * Administrators may do everything; other roles what the enabled plugins declare for them (CORE-02.12).
 */
export function permissionsOf(role: SignedIn['role'], enabled: readonly PluginManifest[]): string[] {
  if (role === 'admin') return ['*']
  return enabled.flatMap((manifest) => manifest.permissions
    .filter((permission) => permission.roles?.includes(role))
    .map((permission) => `${manifest.id}.${permission.action}.${permission.scope}`))
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
