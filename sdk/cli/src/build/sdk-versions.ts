import { firstSdk } from '@opsflux/registry-client'
import { OpsFluxError, type PluginDeclaration } from '@opsflux/sdk'

/** What declarations could say in SDK 1.0. */
const first = {
  entity: ['name', 'fields', 'states', 'display', 'search'],
  field: ['types', 'kind', 'required', 'default', 'unique', 'index', 'min', 'max', 'maxLength', 'pattern', 'precision', 'scale', 'values', 'entity'],
} as const

/** @throws validation-failed naming what SDK 1.0 does not know */
export function refuseNewer({ entities = {}, hooks = {}, hookOrder, routes = {} }: PluginDeclaration): void {
  const fields = [...Object.values(entities).map(({ name, fields: declared }) => [name, declared] as const), ...Object.entries(routes).flatMap(([name, { query = {}, body = {} }]) => [[name, query], [name, body]] as const)]
  const newer = [
    ...Object.values(entities).flatMap((entity) => newKeys(entity, first.entity).map((key) => `${entity.name}: ${key}`)),
    ...Object.values(entities).flatMap(({ name, states }) => Object.entries(states?.transitions ?? {}).filter(([, { guard }]) => guard !== undefined).map(([transition]) => `${name}.${transition}: guard`)),
    ...fields.flatMap(([name, declared]) => Object.entries(declared).flatMap(([field, declaration]) => [
      ...newKeys(declaration, first.field), ...(firstSdk.kinds.includes(declaration.kind) ? [] : [`the kind ${declaration.kind}`]),
    ].map((what) => `${name}.${field}: ${what}`))),
    ...Object.entries(hooks).flatMap(([entity, events = []]) => events.filter((event) => !firstSdk.events.includes(event) || entity.includes('/')).map((event) => `${entity}: the hook ${event}`)),
    ...(hookOrder === undefined ? [] : ['hookOrder']),
  ]
  if (newer.length === 0) return
  throw new OpsFluxError('validation-failed', `The plugin is to run on SDK 1.0, which does not know:\n${newer.map((line) => `  ${line}`).join('\n')}\nSet \`sdk: '^1.1.0'\` in plugin.ts, or do without.`)
}

const newKeys = (declared: object, known: readonly string[]): string[] => Object.entries(declared).filter(([key, value]) => value !== undefined && !known.includes(key)).map(([key]) => key)
