import { capabilities, classLimits, fieldEvents, hookEvents, isSafeClass, limitTable, pluginIdPattern, type FieldError, type PluginManifest } from '@opsflux/sdk'
import { readJson, refuseProblems } from './canonical-json.ts'
import { entity, fields, pluginIds } from './entity-shapes.ts'
import { action, camelCase, messageKey, name } from './field-shapes.ts'
import { hosts } from './host-shapes.ts'
import { pluginId, publisher, version, versionRange } from './package-manifest.ts'
import { pluginRuleProblems } from './plugin-rules.ts'
import { list, oneOf, problemsOf, record, table, text, trueOrFalse, wholeNumber, isObject, type Shape } from './shape.ts'

export const localeNames = ['en', 'fr', 'es', 'pt'] as const

const words = /^[a-z0-9]+(-[a-z0-9]+)*$/
const icon = text({ max: 60, pattern: words, form: 'must be the name of a Lucide icon such as shield-alert' })
const path = text({ max: 200, pattern: /^(\/[a-z0-9]+(-[a-z0-9]+)*)+$/, form: 'must be a path of lower-case words such as /rates' })
const page = text({ max: 200, pattern: /^\/([a-z0-9-]+(\/[a-z0-9-]+)*)?$/, form: 'must be the path of a page such as /incidents' })
const keyOf = (key: string) => (value: unknown) => (isObject(value) ? value[key] : value)

const capability = record({ name: oneOf(Object.keys(capabilities)), reason: text({ max: 300 }), required: trueOrFalse }, { hosts: hosts() })
const secret = record({ name, reason: text({ max: 300 }), required: trueOrFalse }, { hosts: hosts({ min: 1 }) })
const limits = record({}, Object.fromEntries(Object.entries(limitTable).map(([limit, { least, most }]) => [limit, wholeNumber(least, most)])))
const permission = record({ action, scope: oneOf(['all', 'company', 'department', 'own']) }, { roles: list(oneOf(['user', 'guest']), { max: 2 }) })
const menu = record({ id: text({ max: 40, pattern: words }), label: messageKey, icon, page }, { action, order: wholeNumber(-10_000, 10_000) })
const routeEntry = record({ name, method: oneOf(['GET', 'POST']), path, action, query: fields, body: fields })
const migration = record({ id: text({ max: 80, pattern: /^\d{4}-[a-z0-9]+(-[a-z0-9]+)*$/, form: 'must be of the form 0001-what-it-does' }), reversible: trueOrFalse }, { after: trueOrFalse })
const clientPath = /^client(\/[\w-][\w.-]*)+$/
const clientFile = text({ max: 240, pattern: clientPath, form: 'must be a path below client/' })
const className: Shape = (value, at, report) => {
  if (typeof value !== 'string' || !isSafeClass(value)) report(at, `must be one class name of at most ${classLimits.length} characters that loads nothing`)
}
const client = record({
  entry: clientFile, css: list(clientFile, { max: 50 }), classes: list(className, { max: classLimits.count }),
  integrity: table(clientPath, text({ pattern: /^sha384-[A-Za-z0-9+/]{64}$/, form: 'must be a SHA-384 integrity' }), { min: 1, max: 2_000 }),
})

/** `incident`, or `hse-reports/incident`. */
const hookedEntity = /^([a-z][a-z0-9]*(-[a-z0-9]+)*\/)?[a-z][a-z0-9]*([A-Z][a-z0-9]*){0,14}$/
const hookEvent: Shape = (value, at, report) => {
  const [kind, field, ...others] = typeof value === 'string' ? value.split('.') : []
  const isOfField = (fieldEvents as readonly (string | undefined)[]).includes(kind) && field !== undefined && camelCase.test(field) && others.length === 0
  if (!isOfField && !(hookEvents as readonly unknown[]).includes(value)) report(at, `must be one of ${hookEvents.join(', ')}, ${fieldEvents.map((event) => `${event}.<field>`).join(', ')}`)
}

const manifest = record({
  formatVersion: oneOf([1]), id: pluginId, version, publisher, name: text({ max: 80 }), summary: text({ max: 300 }), icon, category: text({ max: 40 }), sdk: versionRange,
  capabilities: list(capability, { max: 50, key: keyOf('name') }), dependencies: table(pluginIdPattern, versionRange, { max: 50 }),
  entities: list(entity, { max: 100, key: keyOf('name') }), permissions: list(permission, { max: 50 }), menus: list(menu, { max: 50, key: keyOf('id') }),
  hooks: table(hookedEntity, list(hookEvent, { min: 1, max: 100 }), { max: 100, form: 'must be the name of an entity such as incident or hse-reports/incident' }), routes: list(routeEntry, { max: 200, key: keyOf('name') }),
  migrations: list(migration, { max: 1_000, key: keyOf('id') }), locales: list(oneOf(localeNames), { min: 1, max: localeNames.length }),
}, { secrets: list(secret, { max: 20, key: keyOf('name') }), limits, server: oneOf(['server/index.js']), client, hookOrder: record({}, { after: pluginIds, before: pluginIds }) })

/** All that is wrong with a `plugin.json`, by JSON Pointer; empty when nothing is. */
export function pluginManifestProblems(value: unknown): FieldError[] {
  const problems = problemsOf(value, manifest)
  return problems.length > 0 ? problems : pluginRuleProblems(value as PluginManifest)
}

/** Reads `plugin.json`. @throws package-refused */
export function readPluginManifest(bytes: Buffer): PluginManifest {
  const value = readJson(bytes, 'plugin.json', 'plugin-invalid')
  refuseProblems(pluginManifestProblems(value), 'plugin.json', 'plugin-invalid')
  return value as PluginManifest
}
