import type { Operation } from './lifecycle.ts'
import type { MenuDeclaration } from './plugin.ts'
import type { HistoryEntry } from './query.ts'

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
  /** Its records take further fields, and the user may add them for the organisation. */
  managesFields?: true
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

/** That a record was changed, or its comments or attachments were. What is in it is read over REST, where every right is checked. */
export interface RecordChange {
  /** Id of the plugin whose entity it is. */
  plugin: string
  entity: string
  id: string
  action: HistoryEntry['action'] | 'comment' | 'attachment'
  /** Of the record after the change. */
  revision: number
  /** Who made it. */
  userId: string
}

/** The records a page wants to be told of: those of an entity, or one. */
export interface Watched {
  plugin: string
  entity: string
  id?: string
}
/** Answer to `watch`; none of the records is told of when it holds a problem. */
export interface WatchAnswer { problem?: { code: string; detail: string } }

/** Watches one socket may have at a time. */
export const maxWatches = 50

/** Events the host sends over socket.io. */
export interface ServerEvents {
  /** Menus, plugins or their releases changed: read `/api/session` again. */
  'modules.changed': (change: { id: string; version?: string }) => void
  'operation.changed': (operation: Operation) => void
  /** To sockets that watch it and whose user may see the record as it is; of a deleted one, as it was. */
  'record.changed': (change: RecordChange) => void
  /** The host was out of touch with the others: whatever is watched may have changed. */
  'records.missed': () => void
}

/** Events a page sends over socket.io. */
export interface ClientEvents {
  /** Refused where the user may not see the entity's records, or not that one; watching twice is fine. */
  watch: (watched: Watched, answer: (answer: WatchAnswer) => void) => void
  unwatch: (watched: Watched) => void
}
