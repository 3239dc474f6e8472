import { inject, type Component, type InjectionKey } from 'vue'
import type { CustomField } from '../custom-fields.ts'
import type { Plugin } from '../plugin.ts'
import type { RecordChange } from '../session.ts'
import type { Api } from './api.ts'

export interface PageDeclaration {
  /** Below `/x/<plugin>`, with vue-router parameters: `/incidents/:id`. */
  path: string
  /** Unique in the plugin. */
  name: string
  component: Component | (() => Promise<{ default: Component }>)
  /** Key in the plugin's locales; shown as title and breadcrumb. */
  title: string
}

/** What a plugin's pages reach: `useModule<typeof plugin>()` in any component. */
export interface ModuleContext<P = Plugin> {
  readonly id: string
  readonly version: string
  readonly api: Api<P>
  /** A message of the plugin's locales in the user's language, `{name}` replaced from `values`. */
  t(key: string, values?: Record<string, string | number>): string
  /** BCP 47 tag for `Intl`. */
  readonly locale: string
  /** Who is signed in. */
  readonly userId: string
  /** Whether the user may, as `<id>.<action>.*`. The server decides; this only hides what it would refuse. */
  can(action: string): boolean
  toast(message: string, kind?: 'success' | 'error' | 'info'): void
  /**
   * Calls `listener` after changes of the plugin's records that the user may see: all of an entity, or one. Without a change
   * when some may have been missed, as after a lost connection. Read again what is shown; answers its undo, to be called when the page is left.
   */
  watch(entity: string, listener: (change: RecordChange | undefined) => void, id?: string): () => void
  /** Fields that the organisation's administrators added to an entity, in their order, for `UiCustomFields`. Takes the right to view the module. */
  customFields(entity: string): Promise<readonly CustomField[]>
  /** Names of users by id, from the platform. */
  users(q?: string): Promise<{ id: string; name: string }[]>
}

/** Every `add…` is undone when the plugin is replaced or removed. */
export interface ClientContext<P = Plugin> extends ModuleContext<P> {
  addPage(page: PageDeclaration): void
  onDispose(undo: () => void): void
}

export interface ClientDefinition { setup(context: ClientContext): void }

/** The default export of `client/index.ts`. */
export function defineClient<P = Plugin>(definition: { setup(context: ClientContext<P>): void }): ClientDefinition {
  return definition as unknown as ClientDefinition
}

export const moduleKey: InjectionKey<ModuleContext> = Symbol.for('opsflux.module') as InjectionKey<ModuleContext>

/** The context of the plugin whose page this component is on. */
export function useModule<P = Plugin>(): ModuleContext<P> {
  const context = inject(moduleKey)
  if (!context) throw new Error('useModule() works in components of a plugin page only.')
  return context as unknown as ModuleContext<P>
}
