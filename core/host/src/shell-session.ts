import type { Identity, ModuleManager, PluginRelease } from '@opsflux/services'
import { actorOf, mayManageFields, menusOf, messageOf, permissionsAnywhere } from '@opsflux/services'
import { OpsFluxError, type ActivePlugin, type Session } from '@opsflux/sdk'
import type { Stylesheets } from './stylesheet.ts'

/** Builds what the shell shows to the owner of a session: user, permissions, menus, plugins. */
export function shellSession(identity: Identity, modules: ModuleManager, stylesheets: Stylesheets): (token: string) => Promise<Session> {
  return async (token) => {
    const user = await identity.who(token)
    if (!user) throw new OpsFluxError('not-signed-in', 'The session has ended. Sign in again.')
    const releases = await modules.enabledFor(user.tenantId)
    const withheld = await modules.withheldFrom(user.tenantId)
    const enabled = releases.map((release) => release.manifest)
    const actor = actorOf(user, enabled)
    const permissions = permissionsAnywhere(actor, enabled)
    const plugins = releases.map((release) => ({ release, messages: messageOf(release, user.locale) }))
    const { id, email, name, locale, mustChangePassword } = user
    return {
      user: { id, email, name, locale, mustChangePassword },
      tenant: { id: user.tenantId, name: user.tenantName },
      permissions,
      menus: plugins.flatMap(({ release, messages }) => menusOf(release.manifest, permissions, messages)),
      plugins: plugins.map(({ release, messages }) => ({ ...activePlugin(release, messages), ...(takesFields(release) && mayManageFields(actor, release.pluginId) ? { managesFields: true } : {}) })),
      ...(withheld.length > 0 ? { withheld } : {}),
      stylesheet: (await stylesheets.for(modules.host.all().flatMap((release) => release.manifest.client?.classes ?? []))).url,
    }
  }
}

/** Where the files of a release are served. */
export const assetBase = (release: Pick<PluginRelease, 'pluginId' | 'version' | 'digest'>): string => `/assets/modules/${release.pluginId}/${release.version}-${release.digest.slice(0, 12)}/`

function activePlugin(release: PluginRelease, messages: Record<string, string>): ActivePlugin {
  const { manifest } = release
  const base = assetBase(release)
  const { client } = manifest
  return {
    id: manifest.id, version: manifest.version, name: messages['module.name'] ?? manifest.name,
    ...(client ? { entry: base + client.entry } : {}),
    css: (client?.css ?? []).map((path) => base + path),
    integrity: integrityOf(release),
    messages,
    routes: Object.fromEntries(manifest.routes.map((route) => [route.name, { method: route.method, path: route.path }])),
  }
}

const takesFields = ({ entities }: PluginRelease): boolean => entities.names.some((name) => entities.entity(name).features.customFields)

/** Subresource integrity of a release's client files, by URL. */
export function integrityOf(release: PluginRelease): Record<string, string> {
  const base = assetBase(release)
  return Object.fromEntries(Object.entries(release.manifest.client?.integrity ?? {}).map(([path, hash]) => [base + path, hash]))
}
