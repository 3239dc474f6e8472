import { reservedIds, type EntityDeclaration, type FieldError, type PluginManifest, type RouteEntry } from '@opsflux/sdk'
import { checkEntity, checkReference } from './entity-rules.ts'
import { coversHost } from './host-shapes.ts'
import { checkSdkVersion } from './sdk-version-rules.ts'
import { pointer, type Report } from './shape.ts'

/** What the parts of a well-formed `plugin.json` must be to each other. */
export function pluginRuleProblems(plugin: PluginManifest): FieldError[] {
  const problems: FieldError[] = []
  const report: Report = (path, message) => problems.push({ path, code: 'inconsistent', message })
  checkIdentity(plugin, report)
  checkCapabilities(plugin, report)
  checkSdkVersion(plugin, report)
  plugin.entities.forEach((entity, at) => checkEntity(entity, `/entities/${at}`, plugin, report))
  checkHooks(plugin, report)
  plugin.routes.forEach((route, at) => checkRoute(route, `/routes/${at}`, plugin, report))
  checkMigrations(plugin, report)
  checkPermissions(plugin, report)
  if (plugin.menus.length > 0 && !plugin.client) report('/menus', 'leads to pages, but there is no client')
  if (!plugin.locales.includes('en')) report('/locales', 'must have en')
  return problems
}

function checkIdentity(plugin: PluginManifest, report: Report): void {
  if ((reservedIds as readonly string[]).includes(plugin.id)) report('/id', 'is a name of the platform')
  if (Object.hasOwn(plugin.dependencies, plugin.id)) report(pointer('/dependencies', plugin.id), 'is the plugin itself')
}

function checkCapabilities({ capabilities, secrets = [] }: PluginManifest, report: Report): void {
  capabilities.forEach(({ name, hosts }, at) => {
    if (hosts && name !== 'http.fetch') report(`/capabilities/${at}/hosts`, 'is for http.fetch only')
  })
  const fetch = capabilities.find(({ name }) => name === 'http.fetch')
  if (secrets.length > 0 && !fetch && !capabilities.some(({ name }) => name === 'secrets.read')) report('/secrets', 'needs the capability http.fetch or secrets.read')
  secrets.forEach(({ hosts = [] }, at) => {
    if (hosts.length > 0 && !fetch) report(`/secrets/${at}/hosts`, 'needs the capability http.fetch')
    const asked = fetch?.hosts ?? []
    // Without hosts of its own the capability is for those that an admin names.
    const outside = asked.length === 0 ? -1 : hosts.findIndex((host) => !asked.some((one) => coversHost(one, host)))
    if (outside >= 0) report(`/secrets/${at}/hosts/${outside}`, 'is not one of the hosts of http.fetch')
  })
}

function checkHooks(plugin: PluginManifest, report: Report): void {
  for (const [name, events] of Object.entries(plugin.hooks)) {
    const entity = plugin.entities.find((known) => known.name === name)
    const [other, ...others] = name.split('/')
    if (others.length > 0) {
      if (!Object.hasOwn(plugin.dependencies, other ?? '')) report(pointer('/hooks', name), 'is of a plugin that is no dependency')
    } else if (!entity) report(pointer('/hooks', name), 'is not an entity of the plugin')
    else checkEvents(entity, events, pointer('/hooks', name), report)
  }
  for (const side of ['after', 'before'] as const) if (plugin.hookOrder?.[side]?.includes(plugin.id) === true) report(`/hookOrder/${side}`, 'is the plugin itself')
  if (plugin.server === undefined && Object.keys(plugin.hooks).length + plugin.routes.length > 0) report('/server', 'is missing: hooks and routes need server code')
}

function checkEvents(entity: EntityDeclaration, events: readonly string[], path: string, report: Report): void {
  if (events.includes('beforeTransition') && !entity.states) report(path, 'asks for transitions, but the entity has no states')
  events.forEach((event, at) => {
    const [, field] = event.split('.')
    if (field !== undefined && !Object.hasOwn(entity.fields, field) && !(field === 'state' && entity.states)) report(`${path}/${at}`, 'is not a field of the entity')
  })
}

function checkRoute(route: RouteEntry, path: string, plugin: PluginManifest, report: Report): void {
  const first = route.path.split('/')[1] ?? ''
  if (plugin.entities.some((entity) => entity.name.toLowerCase() === first)) report(`${path}/path`, 'begins with the name of an entity')
  if (plugin.routes.some((other) => other !== route && other.method === route.method && other.path === route.path)) report(`${path}/path`, 'is the path of another route')
  if (route.method === 'GET' && Object.keys(route.body).length > 0) report(`${path}/body`, 'is not possible with GET')
  for (const part of ['query', 'body'] as const) {
    for (const [name, field] of Object.entries(route[part])) checkReference(field, pointer(`${path}/${part}`, name), plugin, report)
  }
}

function checkMigrations(plugin: PluginManifest, report: Report): void {
  if (plugin.entities.length > 0 && plugin.migrations.length === 0) report('/migrations', 'is empty, but entities need tables')
  plugin.migrations.forEach(({ id }, at) => {
    if (!id.startsWith(`${String(at + 1).padStart(4, '0')}-`)) report(`/migrations/${at}/id`, `must begin with ${String(at + 1).padStart(4, '0')}-: migrations are numbered without a gap`)
  })
}

function checkPermissions(plugin: PluginManifest, report: Report): void {
  const seen = new Set<string>()
  plugin.permissions.forEach(({ action, scope }, at) => {
    if (seen.has(`${action}.${scope}`)) report(`/permissions/${at}`, 'is there twice')
    seen.add(`${action}.${scope}`)
  })
}
