import type { OpenedPackage } from '@opsflux/registry-client'
import type { Json, PluginManifest } from '@opsflux/sdk'

/** What the catalogue shows of a module, read from one of its packages. */
export interface Presentation extends Pick<PluginManifest, 'id' | 'name' | 'summary' | 'icon' | 'category' | 'publisher' | 'capabilities' | 'permissions' | 'menus' | 'entities'> {
  /** Markdown. */
  readme: string
  /** Markdown with a section for each version. */
  changelog: string
  iconSvg?: string
  /** Name, summary, category and id in every language, for the search. */
  searchText: string
}

export function presentationOf({ plugin, entries, text }: OpenedPackage): Presentation {
  const { id, name, summary, icon, category, publisher, capabilities, permissions, menus, entities } = plugin
  const translated = plugin.locales.flatMap((locale) => {
    const messages = JSON.parse(text(`locales/${locale}.json`)) as Record<string, Json>
    return [messages['module.name'], messages['module.summary']].filter((message) => typeof message === 'string')
  })
  return {
    id, name, summary, icon, category, publisher, capabilities, permissions, menus, entities,
    readme: text('README.md'), changelog: text('CHANGELOG.md'), ...(entries.includes('icon.svg') ? { iconSvg: text('icon.svg') } : {}),
    searchText: foldText([id, name, summary, category, ...translated].join('\n')),
  }
}

/** Lower case without accents, so that "securite" finds "Sécurité". */
export function foldText(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
