import type { Operation } from './lifecycle.ts'
import type { MenuDeclaration } from './plugin.ts'

/** A menu entry the user may see, as the shell draws it. */
export interface MenuItem extends Required<Pick<MenuDeclaration, 'id' | 'icon'>> {
  pluginId: string
  /** In the user's language. */
  label: string
  /** Full path in the shell, `/x/<plugin>/…`. */
  to: string
}

/** An enabled plugin as the shell loads it. */
export interface ActivePlugin {
  id: string
  version: string
  name: string
  /** URLs below `/assets/modules/<id>/<version>-<digest>/`. */
  entry?: string
  css: string[]
  /** Subresource integrity by URL. */
  integrity: Record<string, string>
  /** Messages in the user's language, English where one is missing. */
  messages: Record<string, string>
  /** Addresses of its routes by name, for `createApi`. */
  routes: Record<string, { method: 'GET' | 'POST'; path: string }>
}

/** `GET /api/session`: who is signed in and what the shell shows. */
export interface Session {
  user: { id: string; email: string; name: string; locale: string; mustChangePassword: boolean }
  tenant: { id: string; name: string }
  /** `<app>.<action>.<scope>`; `*` is everything. */
  permissions: string[]
  menus: MenuItem[]
  plugins: ActivePlugin[]
  /** Modules of the organisation that are installed and do not serve; `reason` says why and what to do. */
  withheld?: { id: string; name: string; reason: string }[]
  /** URL of the host's stylesheet for the classes of the enabled plugins. */
  stylesheet?: string
}

/** Events the host sends over socket.io. */
export interface ServerEvents {
  /** Menus, plugins or their releases changed: read `/api/session` again. */
  'modules.changed': (change: { id: string; version?: string }) => void
  'operation.changed': (operation: Operation) => void
}
