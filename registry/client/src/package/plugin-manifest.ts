import { capabilities, classLimits, hookEvents, isSafeClass, limitTable, pluginIdPattern, type FieldError, type PluginManifest } from '@opsflux/sdk'
import { readJson, refuseProblems } from './canonical-json.ts'
import { camelCase, camelCaseForm, fieldShape, name } from './field-shapes.ts'
import { hosts } from './host-shapes.ts'
import { pluginId, publisher, version, versionRange } from './package-manifest.ts'
import { pluginRuleProblems } from './plugin-rules.ts'
import { list, oneOf, problemsOf, record, table, text, trueOrFalse, wholeNumber, isObject, type Shape } from './shape.ts'

export const actions = ['view', 'create', 'edit', 'delete', 'manage', 'approve', 'export'] as const
export const localeNames = ['en', 'fr', 'es', 'pt'] as const

const words = /^[a-z0-9]+(-[a-z0-9]+)*$/
const step = text({ max: 40, pattern: /^[a-z][A-Za-z0-9]*(-[a-z0-9]+)*$/, form: 'must be a word such as inReview or in-review' })
const icon = text({ max: 60, pattern: words, form: 'must be the name of a Lucide icon such as shield-alert' })
const messageKey = text({ max: 120, pattern: /^[A-Za-z][\w.-]*$/, form: 'must be a key of the locales' })
const path = text({ max: 200, pattern: /^(\/[a-z0-9]+(-[a-z0-9]+)*)+$/, form: 'must be a path of lower-case words such as /rates' })
const page = text({ max: 200, pattern: /^\/([a-z0-9-]+(\/[a-z0-9-]+)*)?$/, form: 'must be the path of a page such as /incidents' })
const action = oneOf(actions)
const keyOf = (key: string) => (value: unknown) => (isObject(value) ? value[key] : value)
const fields = table(camelCase, fieldShape, { max: 200, form: camelCaseForm })

const transition = record({ from: (value, at, report) => (Array.isArray(value) ? list(step, { min: 1, max: 50 }) : step)(value, at, report), to: step }, { action })
const states = record({ initial: step, values: list(step, { min: 1, max: 50 }), transitions: table(/^[a-z][A-Za-z0-9-]{0,39}$/, transition, { max: 100 }) })
const entity = record({ name, fields: table(camelCase, fieldShape, { min: 1, max: 200, form: camelCaseForm }) }, { states, display: name, search: list(name, { max: 20 }) })
const capability = record({ name: oneOf(Object.keys(capabilities)), reason: text({ max: 300 }), required: trueOrFalse }, { hosts: hosts() })
const secret = record({ name, reason: text({ max: 300 }), required: trueOrFalse }, { hosts: hosts({ min: 1 }) })
const limits = record({}, Object.fromEntries(Object.entries(limitTable).map(([limit, { least, most }]) => [limit, wholeNumber(least, most)])))
const permission = record({ action, scope: oneOf(['all', 'company', 'department', 'own']) }, { roles: list(oneOf(['user', 'guest']), { max: 2 }) })
const menu = record({ id: text({ max: 40, pattern: words }), label: messageKey, icon, page }, { action, order: wholeNumber(-10_000, 10_000) })
const routeEntry = record({ name, method: oneOf(['GET', 'POST']), path, action, query: fields, body: fields })
const migration = record({ id: text({ max: 80, pattern: /^\d{4}-[a-z0-9]+(-[a-z0-9]+)*$/, form: 'must be of the form 0001-what-it-does' }), reversible: trueOrFalse })
const clientPath = /^client(\/[\w-][\w.-]*)+$/
const clientFile = text({ max: 240, pattern: clientPath, form: 'must be a path below client/' })
const className: Shape = (value, at, report) => {
  if (typeof value !== 'string' || !isSafeClass(value)) report(at, `must be one class name of at most ${classLimits.length} characters that loads nothing`)
}
const client = record({
  entry: clientFile, css: list(clientFile, { max: 50 }), classes: list(className, { max: classLimits.count }),
  integrity: table(clientPath, text({ pattern: /^sha384-[A-Za-z0-9+/]{64}$/, form: 'must be a SHA-384 integrity' }), { min: 1, max: 2_000 }),
})

const manifest = record({
  formatVersion: oneOf([1]), id: pluginId, version, publisher, name: text({ max: 80 }), summary: text({ max: 300 }), icon, category: text({ max: 40 }), sdk: versionRange,
  capabilities: list(capability, { max: 50, key: keyOf('name') }), dependencies: table(pluginIdPattern, versionRange, { max: 50 }),
  entities: list(entity, { max: 100, key: keyOf('name') }), permissions: list(permission, { max: 50 }), menus: list(menu, { max: 50, key: keyOf('id') }),
  hooks: table(camelCase, list(oneOf(hookEvents), { min: 1, max: hookEvents.length }), { max: 100 }), routes: list(routeEntry, { max: 200, key: keyOf('name') }),
  migrations: list(migration, { max: 1_000, key: keyOf('id') }), locales: list(oneOf(localeNames), { min: 1, max: localeNames.length }),
}, { secrets: list(secret, { max: 20, key: keyOf('name') }), limits, server: oneOf(['server/index.js']), client })

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
