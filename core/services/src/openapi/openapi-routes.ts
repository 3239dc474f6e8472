import Router from '@koa/router'
import type { Context } from 'koa'
import { Type } from 'typebox'
import { withCustomFields, type Actor, type EngineParts } from '@opsflux/data'
import { addRoute } from '@opsflux/kernel'
import { OpsFluxError, pluginIdPattern, type CustomField } from '@opsflux/sdk'
import { signedIn } from '../identity/index.ts'
import { messageOf, type PluginRelease } from '../modules/index.ts'
import { DocumentCache, type StoredDocument } from './document-cache.ts'
import { openApiDocument } from './document.ts'
import type { ApiEntity, ApiModule } from './types.ts'

export interface OpenApiParts {
  /** The releases that serve a tenant. */
  enabledFor(tenantId: string): Promise<readonly PluginRelease[]>
  customFieldsOf?: EngineParts['customFieldsOf']
}

// One array: what is compiled for it is kept with it.
const none: readonly CustomField[] = []
const query = Type.Object({ module: Type.Optional(Type.String({ pattern: pluginIdPattern.source, maxLength: 40 })) }, { additionalProperties: false })

/** `GET /api/openapi.json`: the API as the caller may use it, of all modules or of one. Made once for all who may do the same. */
export function openApiRoutes(parts: OpenApiParts): Router {
  const router = new Router({ prefix: '/api' })
  const cache = new DocumentCache()
  addRoute(router, {
    method: 'get', path: '/openapi.json', query,
    handler: async ({ query: { module }, context }) => {
      const { actor } = signedIn(context)
      const releases = chosen(await parts.enabledFor(actor.tenantId), module)
      const modules = await Promise.all(releases.map((release) => moduleOf(parts, release, actor)))
      return send(context, cache.get(keyOf(releases, modules, actor), () => openApiDocument(modules, actor)))
    },
  })
  return router
}

function chosen(releases: readonly PluginRelease[], id: string | undefined): readonly PluginRelease[] {
  const found = id === undefined ? releases : releases.filter(({ pluginId }) => pluginId === id)
  if (id !== undefined && found.length === 0) throw new OpsFluxError('not-found', `There is no module "${id}" that serves your organisation.`)
  return found
}

async function moduleOf({ customFieldsOf }: OpenApiParts, release: PluginRelease, { tenantId, locale }: Actor): Promise<ApiModule> {
  const entities = release.entities.all.map(async (entity): Promise<ApiEntity> => {
    const customFields = entity.features.customFields ? await customFieldsOf?.(tenantId, release.pluginId, entity.name) ?? none : none
    return { entity: withCustomFields(entity, customFields, tenantId), customFields }
  })
  return { manifest: release.manifest, entities: await Promise.all(entities), messages: messageOf(release, locale), locale }
}

/** Users of one tenant with the same rights read the same document. */
function keyOf(releases: readonly PluginRelease[], modules: readonly ApiModule[], { tenantId, locale, permissions, places = [] }: Actor): unknown {
  return [tenantId, locale, permissions, places, releases.map(({ digest }) => digest), modules.map(({ entities }) => entities.map(({ customFields }) => customFields))]
}

// RFC 9110 §13.1.2: a weak comparison, of one of a list.
function send(context: Context, { text, etag }: StoredDocument): string {
  context.set({ etag, 'cache-control': 'private, no-cache', vary: 'cookie' })
  const known = context.get('if-none-match').split(',').map((one) => one.trim().replace(/^W\//, ''))
  // Koa sends no body with it.
  context.status = known.includes(etag) || known.includes('*') ? 304 : 200
  context.type = 'application/json'
  return text
}
