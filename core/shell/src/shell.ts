import { watch } from 'vue'
import type { Router } from 'vue-router'
import { localeOf, useLocale } from './i18n.ts'
import { useLive } from './live.ts'
import { usePlugins } from './plugins/plugins.ts'
import { useSession } from './session.ts'
import { useStylesheet } from './stylesheet.ts'

/** Keeps the page at what the session says: language, stylesheet, plugins and the live connection. */
export function followSession(router: Router): void {
  const session = useSession()
  const plugins = usePlugins()
  const live = useLive()
  plugins.use(router)
  live.on('modules.changed', () => void session.read())

  watch(() => session.session, (now, before) => {
    if (!now) {
      live.stop()
      plugins.apply([])
      if (before) void router.push({ name: 'sign-in', query: router.currentRoute.value.path === '/' ? {} : { to: router.currentRoute.value.fullPath } })
      return
    }
    void useLocale(localeOf([now.user.locale]))
    if (now.user.mustChangePassword) return
    live.start(() => void session.read())
    // The classes of a plugin must be there before its pages are.
    plugins.apply(now.plugins, useStylesheet(now.stylesheet))
  }, { flush: 'sync' })
}
