import type { OpenedPackage } from '@opsflux/registry-client'
import type { Json, PluginManifest } from '@opsflux/sdk'

/** What the catalogue shows of a module, read from one of its packages. */
export interface Presentation extends Pick<PluginManifest, 'id' | 'name' | 'summary' | 'icon' | 'category' | 'publisher' | 'capabilities' | 'secrets' | 'permissions' | 'menus' | 'entities'> {
  /** Markdown. */
  readme: string
  /** Markdown with a section for each version. */
  changelog: string
  iconSvg?: string
  /** By language: what a screen says of the module before it is installed. */
  texts: Record<string, Record<string, string>>
  /** Name, summary, category and id in every language, for the search. */
  searchText: string
}

export function presentationOf({ plugin, entries, text }: OpenedPackage): Presentation {
  const { id, name, summary, icon, category, publisher, capabilities, secrets, permissions, menus, entities } = plugin
  const texts = Object.fromEntries(plugin.locales.map((locale) => [locale, shownTexts(JSON.parse(text(`locales/${locale}.json`)) as Record<string, Json>, menus.map(({ label }) => label))]))
  const translated = Object.values(texts).flatMap((messages) => [messages['module.name'] ?? '', messages['module.summary'] ?? ''])
  return {
    id, name, summary, icon, category, publisher, capabilities, ...(secrets ? { secrets } : {}), permissions, menus, entities,
    readme: text('README.md'), changelog: text('CHANGELOG.md'), ...(entries.includes('icon.svg') ? { iconSvg: text('icon.svg') } : {}),
    texts, searchText: foldText([id, name, summary, category, ...translated].join('\n')),
  }
}

function shownTexts(messages: Record<string, Json>, menuLabels: readonly string[]): Record<string, string> {
  const shown = Object.entries(messages).filter(([key]) => /^(module|capability|secret)\./.test(key) || menuLabels.includes(key))
  return Object.fromEntries(shown.flatMap(([key, message]) => (typeof message === 'string' ? [[key, message]] : [])))
}

/** Lower case without accents, so that "securite" finds "Sécurité". */
export function foldText(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
