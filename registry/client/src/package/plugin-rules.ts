import { reservedIds, type EntityDeclaration, type FieldDeclaration, type FieldError, type PluginManifest, type RouteEntry } from '@opsflux/sdk'
import { coversHost } from './host-shapes.ts'
import { pointer, type Report } from './shape.ts'

/** Columns the host adds to every table, as fields. */
const systemFields = ['id', 'tenantId', 'revision', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'state']
/** Parts of the platform's own addresses below `/api/<plugin>/<entity>`. */
const reservedNames = ['aggregate', 'transitions', 'constructor', 'toString', 'valueOf']

/** What the parts of a well-formed `plugin.json` must be to each other. */
export function pluginRuleProblems(plugin: PluginManifest): FieldError[] {
  const problems: FieldError[] = []
  const report: Report = (path, message) => problems.push({ path, code: 'inconsistent', message })
  checkIdentity(plugin, report)
  checkCapabilities(plugin, report)
  plugin.entities.forEach((entity, at) => checkEntity(entity, `/entities/${at}`, plugin.entities, report))
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

function checkEntity(entity: EntityDeclaration, path: string, all: readonly EntityDeclaration[], report: Report): void {
  if (reservedNames.includes(entity.name)) report(`${path}/name`, 'is a name of the platform')
  for (const [name, field] of Object.entries(entity.fields)) {
    if (systemFields.includes(name)) report(pointer(`${path}/fields`, name), 'is a system column')
    if (reservedNames.includes(name)) report(pointer(`${path}/fields`, name), 'is a name of the platform')
    checkReference(field, pointer(`${path}/fields`, name), all, report)
  }
  if (entity.display !== undefined && !Object.hasOwn(entity.fields, entity.display)) report(`${path}/display`, 'is not a field of the entity')
  entity.search?.forEach((name, at) => {
    const kind = Object.hasOwn(entity.fields, name) ? entity.fields[name]?.kind : undefined
    if (kind !== 'string' && kind !== 'text') report(`${path}/search/${at}`, 'is not a string or text field of the entity')
  })
  checkStates(entity, `${path}/states`, report)
}

function checkReference(field: FieldDeclaration, path: string, entities: readonly EntityDeclaration[], report: Report): void {
  if (field.kind === 'reference' && !entities.some((entity) => entity.name === field.entity)) report(`${path}/entity`, 'is not an entity of the plugin')
}

function checkStates({ states }: EntityDeclaration, path: string, report: Report): void {
  if (!states) return
  if (!states.values.includes(states.initial)) report(`${path}/initial`, 'is not one of the states')
  for (const [name, { from, to }] of Object.entries(states.transitions)) {
    const at = pointer(`${path}/transitions`, name)
    const froms = typeof from === 'string' ? [from] : from
    if (!froms.every((state) => states.values.includes(state))) report(`${at}/from`, 'is not one of the states')
    if (!states.values.includes(to)) report(`${at}/to`, 'is not one of the states')
  }
}

function checkHooks(plugin: PluginManifest, report: Report): void {
  for (const [name, events] of Object.entries(plugin.hooks)) {
    const entity = plugin.entities.find((known) => known.name === name)
    if (!entity) report(pointer('/hooks', name), 'is not an entity of the plugin')
    else if (events.includes('beforeTransition') && !entity.states) report(pointer('/hooks', name), 'asks for transitions, but the entity has no states')
  }
  if (plugin.server === undefined && Object.keys(plugin.hooks).length + plugin.routes.length > 0) report('/server', 'is missing: hooks and routes need server code')
}

function checkRoute(route: RouteEntry, path: string, plugin: PluginManifest, report: Report): void {
  const first = route.path.split('/')[1] ?? ''
  if (plugin.entities.some((entity) => entity.name.toLowerCase() === first)) report(`${path}/path`, 'begins with the name of an entity')
  if (plugin.routes.some((other) => other !== route && other.method === route.method && other.path === route.path)) report(`${path}/path`, 'is the path of another route')
  if (route.method === 'GET' && Object.keys(route.body).length > 0) report(`${path}/body`, 'is not possible with GET')
  for (const part of ['query', 'body'] as const) {
    for (const [name, field] of Object.entries(route[part])) checkReference(field, pointer(`${path}/${part}`, name), plugin.entities, report)
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
