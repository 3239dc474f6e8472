import { ReleaseEntities, withCustomFields } from '@opsflux/data'
import { alice, manifest, permits } from '@opsflux/data/testing/works'
import type { CustomField, PluginManifest, RouteEntry } from '@opsflux/sdk'
import type { ApiModule } from './types.ts'

export const customFields: CustomField[] = [
  { id: '1', pluginId: manifest.id, entity: 'asset', name: 'badge', kind: 'string', maxLength: 12, required: true, label: { en: 'Badge', fr: 'Badge FR' }, help: { en: 'On the door.' }, position: 0 },
  { id: '2', pluginId: manifest.id, entity: 'asset', name: 'shift', kind: 'enum', values: ['day', 'night'], label: { en: 'Shift' }, position: 1 },
]

const routes: RouteEntry[] = [
  { name: 'totals', method: 'GET', path: '/totals', action: 'view', query: { from: { kind: 'date', required: true }, area: { kind: 'timeRange' } }, body: {} },
  { name: 'moveAll', method: 'POST', path: '/move-all', action: 'approve', query: {}, body: { site: { kind: 'reference', entity: 'site', required: true } } },
]

/** The plugins of the engine's tests, every kind of field among them, as a tenant with custom fields has them. */
export const works = (locale = 'en', messages: Record<string, string> = {}): ApiModule => moduleOf({ ...manifest, routes }, locale, messages, { asset: customFields })
export const others: ApiModule = moduleOf(permits, 'en', {})

export function moduleOf(declared: PluginManifest, locale: string, messages: Record<string, string>, custom: Record<string, CustomField[]> = {}): ApiModule {
  const entities = new ReleaseEntities(declared).all.map((entity) => {
    const fields = custom[entity.name] ?? []
    return { entity: withCustomFields(entity, fields, alice.tenantId), customFields: fields }
  })
  return { manifest: declared, entities, messages, locale }
}
