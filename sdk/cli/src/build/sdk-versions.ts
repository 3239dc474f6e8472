import { OpsFluxError, type PluginDeclaration, type PluginManifest } from '@opsflux/sdk'
import semver from 'semver'

/** Whether a plugin is to run on platforms of SDK 1.0, which know nothing of what came later. */
export const runsOnFirstSdk = (range: string): boolean => semver.satisfies('1.0.0', range)

const first = {
  entity: ['name', 'fields', 'states', 'display', 'search'],
  field: ['types', 'kind', 'required', 'default', 'unique', 'index', 'min', 'max', 'maxLength', 'pattern', 'precision', 'scale', 'values', 'entity'],
  kinds: ['string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'json', 'reference', 'user'],
  events: ['beforeCreate', 'beforeUpdate', 'beforeDelete', 'beforeTransition'],
} as const

/** @throws validation-failed naming what SDK 1.0 does not know */
export function refuseNewer({ entities = {}, hooks = {}, hookOrder, routes = {} }: PluginDeclaration): void {
  const fields = [...Object.values(entities).map(({ name, fields: declared }) => [name, declared] as const), ...Object.entries(routes).flatMap(([name, { query = {}, body = {} }]) => [[name, query], [name, body]] as const)]
  const newer = [
    ...Object.values(entities).flatMap((entity) => newKeys(entity, first.entity).map((key) => `${entity.name}: ${key}`)),
    ...Object.values(entities).flatMap(({ name, states }) => Object.entries(states?.transitions ?? {}).filter(([, { guard }]) => guard !== undefined).map(([transition]) => `${name}.${transition}: guard`)),
    ...fields.flatMap(([name, declared]) => Object.entries(declared).flatMap(([field, declaration]) => [
      ...newKeys(declaration, first.field), ...(isOneOf(first.kinds, declaration.kind) ? [] : [`the kind ${declaration.kind}`]),
    ].map((what) => `${name}.${field}: ${what}`))),
    ...Object.entries(hooks).flatMap(([entity, events = []]) => events.filter((event) => !isOneOf(first.events, event) || entity.includes('/')).map((event) => `${entity}: the hook ${event}`)),
    ...(hookOrder === undefined ? [] : ['hookOrder']),
  ]
  if (newer.length > 0) throw needsNewer(newer)
}

/** @throws validation-failed for steps after the commit, which SDK 1.0 does not run */
export function refuseNewerMigrations({ sdk, migrations }: Pick<PluginManifest, 'sdk' | 'migrations'>): void {
  const newer = migrations.filter(({ after }) => after === true).map(({ id }) => `migrations/${id}.after.sql`)
  if (newer.length > 0 && runsOnFirstSdk(sdk)) throw needsNewer(newer)
}

const isOneOf = (list: readonly string[], value: string): boolean => list.includes(value)
const newKeys = (declared: object, known: readonly string[]): string[] => Object.entries(declared).filter(([key, value]) => value !== undefined && !known.includes(key)).map(([key]) => key)

const needsNewer = (what: readonly string[]): OpsFluxError =>
  new OpsFluxError('validation-failed', `The plugin is to run on SDK 1.0, which does not know:\n${what.map((line) => `  ${line}`).join('\n')}\nSet \`sdk: '^1.1.0'\` in plugin.ts, or do without.`)
