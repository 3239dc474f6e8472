import type { Diff, MenuDeclaration, PluginManifest } from '@opsflux/sdk'

/** The messages of one language, English where one is missing. */
export type Messages = Record<string, string>

type Locales = Pick<PluginManifest, 'locales'>

/** Reads `locales/*.json` of a release through `read`. */
export async function readMessages({ locales }: Locales, locale: string, read: (path: string) => string | Promise<string>): Promise<Messages> {
  const wanted = ['en', locale].filter((candidate, at, all) => locales.includes(candidate) && all.indexOf(candidate) === at)
  const texts = await Promise.all(wanted.map((name) => read(`locales/${name}.json`)))
  return Object.assign({}, ...texts.map((text) => JSON.parse(text) as Messages)) as Messages
}

export const localName = (messages: Messages, manifest: { name: string }): string => messages['module.name'] ?? manifest.name

/** A module's own words about itself, where its locales have them. */
export function localised<T extends { name: string; summary: string }>(module: T, messages: Messages): T {
  return { ...module, name: localName(messages, module), summary: messages['module.summary'] ?? module.summary }
}

export function localisedReasons<T extends { name: string; reason: string }>(capabilities: readonly T[], messages: Messages): T[] {
  return capabilities.map((capability) => ({ ...capability, reason: messages[`capability.${capability.name}`] ?? capability.reason }))
}

export function localisedSecrets<T extends { name: string; reason: string }>(secrets: readonly T[], messages: Messages): T[] {
  return secrets.map((secret) => ({ ...secret, reason: messages[`secret.${secret.name}`] ?? secret.reason }))
}

export function localisedMenus(menus: readonly MenuDeclaration[], messages: Messages): Pick<MenuDeclaration, 'id' | 'label'>[] {
  return menus.map(({ id, label }) => ({ id, label: messages[label] ?? label }))
}

export function eachSide<T, U>({ added, removed }: Diff<T>, map: (values: readonly T[]) => U[]): Diff<U> {
  return { added: map(added), removed: map(removed) }
}
