import { abilityOf, type Actor } from '@opsflux/data'
import { sdkVersion } from '@opsflux/sdk'
import { entityPaths } from './entity-paths.ts'
import { expandableOf } from './expandable.ts'
import { platformPaths, platformTag } from './platform-paths.ts'
import { recordSchemas } from './record-schemas.ts'
import { routePaths } from './route-paths.ts'
import { schemaNames } from './schema-names.ts'
import { securitySchemes, sharedHeaders, sharedParameters, sharedResponses } from './shared-components.ts'
import { sharedSchemas } from './shared-schemas.ts'
import { addressOf, type ApiModule, type JsonObject, type OpenApiDocument, type SeenEntity } from './types.ts'

/**
 * The OpenAPI 3.1 document of modules for one user: the operations he may call with some record, and of records the fields he may see or write.
 * @param modules in the language of the reader
 */
export function openApiDocument(modules: readonly ApiModule[], actor: Actor): OpenApiDocument {
  const names = schemaNames(modules)
  const entities = modules.flatMap((module) => seenEntities(module, actor, names))
  const byName = new Map(entities.map((seen) => [`${seen.pluginId}/${seen.name}`, seen]))
  const routes = modules.flatMap((module) => routePaths(module, (action) => abilityOf(module.manifest.id, actor).may(action)))
  const schemas = entities.map((seen) => recordSchemas(seen, (reference) => byName.get(addressOf(seen, reference))?.schema))
  return {
    openapi: '3.1.0', jsonSchemaDialect: 'https://spec.openapis.org/oas/3.1/dialect/base',
    info: { title: 'OpsFlux', version: sdkVersion, description: introduction },
    servers: [{ url: '/' }], security: [{ session: [] }],
    tags: [platformTag, ...modules.map(tagOf)],
    paths: { ...platformPaths, ...withRoutes(Object.assign({}, ...entities.map((seen) => entityPaths(seen, expandableOf(seen, byName)))), routes) },
    components: { schemas: { ...sharedSchemas, ...Object.assign({}, ...schemas) }, parameters: sharedParameters, headers: sharedHeaders, responses: sharedResponses, securitySchemes },
  }
}

const introduction = 'The API of the modules of your organisation, as far as you may use it. Errors are problem documents (RFC 9457): programs go by `code`. Writes take the revision that was read as `If-Match`, and may carry an `Idempotency-Key`.'

/** Those of which the user may do anything at all. */
function seenEntities({ manifest, entities, messages, locale }: ApiModule, actor: Actor, names: ReadonlyMap<string, string>): SeenEntity[] {
  const ability = abilityOf(manifest.id, actor)
  return entities.map(({ entity, customFields }): SeenEntity => ({
    entity, customFields, messages, locale, pluginId: manifest.id, name: entity.name, schema: names.get(`${manifest.id}/${entity.name}`) ?? entity.name,
    may: (action) => ability.may(action, entity), readable: ability.readable(entity), writable: (action) => ability.writable(entity, action),
  })).filter((seen) => seen.may('view') || seen.may('create'))
}

/** A route goes before the method of an entity at the same address. */
function withRoutes(paths: OpenApiDocument['paths'], routes: readonly [path: string, item: JsonObject][]): OpenApiDocument['paths'] {
  const all = { ...paths }
  for (const [path, item] of routes) all[path] = { ...all[path], ...item }
  return all
}

function tagOf({ manifest, messages }: ApiModule): JsonObject {
  const [name = manifest.name, summary = manifest.summary] = [messages['module.name'], messages['module.summary']]
  return { name: manifest.id, 'x-displayName': name, description: summary === '' ? name : `${name}: ${summary}` }
}
