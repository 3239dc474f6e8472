import type { RouteLocationNormalizedLoaded } from 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reached without being signed in. */
    public?: boolean
    /** What the user must be permitted, such as `modules.manage.all`; any of several. */
    permission?: string | ((route: RouteLocationNormalizedLoaded) => readonly string[])
    /** Key in the shell's messages, or the title itself as it is now. */
    title?: string | ((route: RouteLocationNormalizedLoaded) => string)
    /** Set on the pages of plugins. */
    pluginId?: string
  }
}
