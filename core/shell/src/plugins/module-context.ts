import type { ActivePlugin, CustomField } from '@opsflux/sdk'
import { createApi, type ModuleContext } from '@opsflux/sdk/client'
import { toast } from '@opsflux/ui'
import { apiFetch, http } from '../http.ts'
import { i18n } from '../i18n.ts'
import { useLive } from '../live.ts'
import { useSession } from '../session.ts'

/** What the pages of one plugin reach. Messages and language follow the session, so a change of language needs no reload. */
export function moduleContext(plugin: ActivePlugin): ModuleContext {
  const session = useSession()
  const live = useLive()
  const messages = (): Record<string, string> => session.session?.plugins.find((active) => active.id === plugin.id)?.messages ?? plugin.messages
  return {
    id: plugin.id,
    version: plugin.version,
    api: createApi(`/api/${plugin.id}`, plugin.routes, apiFetch),
    t: (key, values = {}) => interpolate(messages()[key] ?? key, values),
    get locale() { return session.user?.locale ?? i18n.global.locale.value },
    get userId() { return session.user?.id ?? '' },
    can: (action) => session.can(`${plugin.id}.${action}`),
    toast: (message, kind = 'info') => { toast(message, kind) },
    watch: (entity, listener, id) => live.watch({ plugin: plugin.id, entity, ...(id === undefined ? {} : { id }) }, listener),
    customFields: async (entity) => (await http.get<{ data: CustomField[] }>(`/api/custom-fields?module=${plugin.id}&entity=${encodeURIComponent(entity)}`)).data,
    users: async (q = '') => (await http.get<{ data: { id: string; name: string }[] }>(`/api/users?q=${encodeURIComponent(q)}`)).data,
  }
}

/** Replaces `{name}` by its value; names without one stay as they are. */
export function interpolate(message: string, values: Record<string, string | number>): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole))
}
