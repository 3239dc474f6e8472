import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { useSession } from '../session.ts'

export interface NavigationEntry { to: string; label: string; icon: string; active: boolean }
export interface NavigationGroup { id: string; label?: string; entries: NavigationEntry[] }

/** What the sidebar shows: home, the menus of each plugin, and administration at its foot. */
export function useNavigation(): { main: ComputedRef<NavigationGroup[]>; foot: ComputedRef<NavigationGroup | undefined> } {
  const { t } = useI18n()
  const route = useRoute()
  const session = useSession()

  /** For who manages a module's records and not the modules; others come by the page of the module. */
  const fieldPages = computed(() => (session.session?.plugins ?? []).filter(({ managesFields }) => managesFields).map(({ id, name }) => ({ to: `/modules/${id}/fields`, label: t('customFields.of', { name }), icon: 'list' })))
  const main = computed(() => {
    const menus = session.session?.menus ?? []
    const longest = menus.map((menu) => menu.to).filter((to) => isBelow(route.path, to)).toSorted((a, b) => b.length - a.length)[0]
    const groups = [...Map.groupBy(menus, (menu) => menu.pluginId)].map(([id, entries]): NavigationGroup => ({
      id,
      label: session.session?.plugins.find((plugin) => plugin.id === id)?.name ?? id,
      entries: entries.map(({ to, label, icon }) => ({ to, label, icon, active: to === longest })),
    }))
    return [{ id: 'home', entries: [{ to: '/', label: t('home.title'), icon: 'house', active: route.path === '/' }] }, ...groups]
  })
  const foot = computed(() => {
    const entries = session.managesModules ? [{ to: '/modules', label: t('modules.title'), icon: 'puzzle' }, { to: '/platform', label: t('platform.title'), icon: 'shield-check' }] : fieldPages.value
    return entries.length > 0 ? { id: 'administration', label: t('frame.administration'), entries: entries.map((entry) => ({ ...entry, active: isBelow(route.path, entry.to) })) } : undefined
  })
  return { main, foot }
}

function isBelow(path: string, to: string): boolean {
  return path === to || path.startsWith(`${to}/`)
}
