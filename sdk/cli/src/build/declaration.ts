import { runsOnFirstSdk } from '@opsflux/registry-client'
import { featuresOf, OpsFluxError, type EntityDeclaration, type FieldDeclaration, type Fields, type Json, type PluginDeclaration, type PluginManifest, type RouteEntry } from '@opsflux/sdk'
import { bundleOne } from './bundle-one.ts'
import { refuseNewer } from './sdk-versions.ts'

/** Evaluates `plugin.ts`, bundled, from an address of its own: always the sources as they are now. */
export async function readDeclaration(root: string): Promise<PluginDeclaration> {
  const { code } = await bundleOne(root, 'plugin.ts', 'plugin.ts holds declarations only')
  const module: unknown = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`).catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', `plugin.ts cannot be evaluated: ${cause instanceof Error ? cause.message : String(cause)}. Correct it and build again.`, { cause })
  })
  const plugin = (module as { default?: { declaration?: unknown } }).default
  if (typeof plugin?.declaration !== 'object' || plugin.declaration === null) throw new OpsFluxError('validation-failed', 'The default export of plugin.ts must be `definePlugin({ … })`.')
  return plugin.declaration as PluginDeclaration
}

/** The parts of `plugin.json` that come from the declarations; nothing is judged yet. */
export function declaredManifest(declaration: PluginDeclaration, version: string): Omit<PluginManifest, 'migrations' | 'locales' | 'server' | 'client'> {
  const { id, publisher, name, summary, icon, category, sdk, hookOrder } = declaration
  // One that also runs on SDK 1.0 is built as it was then: older platforms refuse what they do not know.
  const isFirst = runsOnFirstSdk(sdk)
  if (isFirst) refuseNewer(declaration)
  return plain({
    formatVersion: 1, id, version, publisher, name, summary, icon, category, sdk,
    capabilities: (declaration.capabilities ?? []).map((request) => asked(request)),
    ...(declaration.secrets?.length ? { secrets: declaration.secrets.map((secret) => asked(secret)) } : {}),
    ...(Object.keys(declaration.limits ?? {}).length > 0 ? { limits: sorted(declaration.limits ?? {}) } : {}),
    dependencies: declaration.dependencies ?? {},
    entities: entitiesOf(declaration, isFirst),
    permissions: [...declaration.permissions ?? []],
    menus: [...declaration.menus ?? []],
    hooks: Object.fromEntries(Object.entries(declaration.hooks ?? {}).map(([entity, events]) => [entity, [...events ?? []]])),
    ...(hookOrder === undefined ? {} : { hookOrder: Object.fromEntries(Object.entries(hookOrder).map(([way, ids]) => [way, [...ids]])) }),
    routes: Object.entries(declaration.routes ?? {}).map(([routeName, route]): RouteEntry => ({
      name: routeName, method: route.method, path: route.path, action: route.action ?? (route.method === 'GET' ? 'view' : 'edit'),
      query: fieldsOf(route.query), body: fieldsOf(route.body),
    })),
  })
}

function entitiesOf({ entities = {} }: PluginDeclaration, isFirst: boolean): EntityDeclaration[] {
  return Object.entries(entities).map(([key, { features, ...entity }]): EntityDeclaration => {
    if (key !== entity.name) throw new OpsFluxError('validation-failed', `The entity "${entity.name}" stands under the key "${key}" in plugin.ts. Use the entity's own name as key.`)
    const declared = { ...entity, fields: fieldsOf(entity.fields) }
    return isFirst ? declared : { ...declared, features: featuresOf({ fields: entity.fields, ...(features === undefined ? {} : { features }) }) }
  })
}

/** Hosts in order: the same wish, however it was written down, makes the same file. */
function asked<T extends { required?: boolean; hosts?: readonly string[] }>({ hosts, ...request }: T): Omit<T, 'hosts'> & { required: boolean; hosts?: string[] } {
  return { ...request, required: request.required ?? true, ...(hosts ? { hosts: hosts.toSorted() } : {}) }
}

const sorted = <T extends object>(values: T): T => Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1))) as T

function fieldsOf(fields: Fields | undefined): Record<string, FieldDeclaration> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, { types: _types, ...field }]) => [name, field]))
}

/** Drops undefined values and whatever JSON cannot carry, as the file will. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T & Json
}
