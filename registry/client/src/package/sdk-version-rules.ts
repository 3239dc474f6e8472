import type { EntityDeclaration, FieldDeclaration, PluginManifest } from '@opsflux/sdk'
import semver from 'semver'
import { pointer, type Report } from './shape.ts'

/** What hosts of SDK 1.0 know: kinds of field, and events to hook. */
export const firstSdk: { readonly kinds: readonly string[]; readonly events: readonly string[] } = {
  kinds: ['string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'json', 'reference', 'user'],
  events: ['beforeCreate', 'beforeUpdate', 'beforeDelete', 'beforeTransition'],
}
const fieldKeys = ['onDelete', 'schema', 'label', 'help', 'read', 'write', 'personal', 'search', 'computed'] as const
const entityKeys = ['features', 'scopes', 'unique', 'checks', 'hookable'] as const

/** Whether hosts of SDK 1.0 are to take a release with this range: they know nothing of what came with 1.1. */
export const runsOnFirstSdk = (range: string): boolean => semver.satisfies('1.0.0', range)

/** What of a release takes SDK 1.1 although its range lets hosts of 1.0 in; and entities without features where it does not. */
export function checkSdkVersion(plugin: PluginManifest, report: Report): void {
  if (!runsOnFirstSdk(plugin.sdk)) {
    plugin.entities.forEach(({ features }, at) => {
      if (!features) report(`/entities/${at}/features`, 'is missing: from SDK 1.1 on every entity says its features')
    })
    return
  }
  for (const path of newerParts(plugin)) report(path, 'takes SDK 1.1: ask for it with "sdk": "^1.1.0"')
}

function newerParts(plugin: PluginManifest): string[] {
  const hooks = Object.entries(plugin.hooks).filter(([entity, events]) => entity.includes('/') || events.some((event) => !firstSdk.events.includes(event)))
  return [
    ...plugin.entities.flatMap((entity, at) => newerInEntity(entity, `/entities/${at}`)),
    ...plugin.routes.flatMap(({ query, body }, at) => [...newerFields(query, `/routes/${at}/query`), ...newerFields(body, `/routes/${at}/body`)]),
    ...hooks.map(([entity]) => pointer('/hooks', entity)), ...(plugin.hookOrder ? ['/hookOrder'] : []),
    ...plugin.migrations.flatMap(({ after }, at) => (after === undefined ? [] : [`/migrations/${at}/after`])),
  ]
}

function newerInEntity(entity: EntityDeclaration, path: string): string[] {
  const guarded = Object.entries(entity.states?.transitions ?? {}).filter(([, { guard }]) => guard !== undefined)
  return [
    ...entityKeys.filter((key) => entity[key] !== undefined).map((key) => `${path}/${key}`), ...newerFields(entity.fields, `${path}/fields`),
    ...guarded.map(([name]) => `${pointer(`${path}/states/transitions`, name)}/guard`),
  ]
}

function newerFields(fields: Readonly<Record<string, FieldDeclaration>>, path: string): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const at = pointer(path, name)
    return [...(firstSdk.kinds.includes(field.kind) ? [] : [`${at}/kind`]), ...fieldKeys.filter((key) => field[key] !== undefined).map((key) => `${at}/${key}`), ...(field.entity?.includes('/') === true ? [`${at}/entity`] : [])]
  })
}
