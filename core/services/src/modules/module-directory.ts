import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import semver from 'semver'
import type pg from 'pg'
import type { PluginSchemas } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { isOpsFluxError, OpsFluxError, type ModuleDetail, type ModuleSummary, type PluginManifest } from '@opsflux/sdk'
import type { Catalogue, CatalogueEntry } from './catalogue.ts'
import type { Installation, Installations } from './installations.ts'
import { operationsOf } from './journal.ts'
import { localised, localisedMenus, localisedReasons, type Messages } from './localised.ts'
import { messageOf, type PluginRelease } from './plugin-release.ts'
import { changelogSections } from './target.ts'

export interface DirectoryParts {
  admin: pg.Pool
  catalogue: Catalogue
  installations: Installations
  schemas: PluginSchemas
  host: PluginHost<PluginRelease>
  disabledFor(tenantId: string): Promise<ReadonlySet<string>>
}

/** Who looks at the modules. */
export interface Reader { tenantId: string; locale: string }

/** Modules as the Modules screen shows them: what the catalogue offers beside what is installed and kept here. */
export class ModuleDirectory {
  readonly #parts: DirectoryParts

  constructor(parts: DirectoryParts) {
    this.#parts = parts
  }

  /** Modules are named in the reader's language, where they speak it. */
  async list({ tenantId, locale }: Reader): Promise<{ data: ModuleSummary[]; registry: { reachable: boolean } }> {
    const entries = await this.#parts.catalogue.entries().catch((error: unknown) => {
      if (isOpsFluxError(error)) return undefined
      throw error
    })
    const summaries = new Map<string, ModuleSummary>()
    for (const entry of entries ?? []) summaries.set(entry.id, { ...localised(ofEntry(entry), textsOf(entry, locale)), latest: entry.latest })
    const disabled = await this.#parts.disabledFor(tenantId)
    for (const installation of await this.#parts.installations.all()) {
      const known = summaries.get(installation.pluginId) ?? ofManifest(installation.manifest)
      summaries.set(installation.pluginId, withInstallation(localised(known, this.#messagesOf(installation.pluginId, locale)), installation, disabled.has(installation.pluginId), await this.#rollbackTo(installation)))
    }
    for (const kept of await this.#parts.installations.kept()) {
      const known = summaries.get(kept.pluginId) ?? ofManifest(kept.manifest)
      if (!known.installed) summaries.set(kept.pluginId, { ...known, keptData: { version: kept.version, rows: kept.rows, since: kept.since.toISOString() } })
    }
    return { data: [...summaries.values()].toSorted((a, b) => a.name.localeCompare(b.name)), registry: { reachable: entries !== undefined } }
  }

  /** @throws not-found */
  async detail(id: string, reader: Reader): Promise<ModuleDetail> {
    const summary = (await this.list(reader)).data.find((module) => module.id === id)
    if (!summary) throw new OpsFluxError('not-found', `There is no module "${id}" in the catalogue or on this platform.`)
    const entry = await this.#parts.catalogue.entry(id).catch(() => undefined)
    const installation = await this.#parts.installations.get(id)
    const release = this.#parts.host.current(id)
    const shown = release?.manifest ?? installation?.manifest ?? entry
    const messages = { ...(entry ? textsOf(entry, reader.locale) : {}), ...this.#messagesOf(id, reader.locale) }
    const rows = new Map(installation ? (await this.#parts.schemas.tables(id)).map((table) => [table.name, table.rows]) : [])
    return {
      ...summary,
      readme: entry?.readme ?? (await this.#textOf(release, 'README.md')),
      changelog: changelogSections(entry?.changelog ?? (await this.#textOf(release, 'CHANGELOG.md'))),
      versions: entry?.versions ?? [],
      capabilities: localisedReasons(shown?.capabilities ?? [], messages).map((capability) => ({ ...capability, ...(installation ? { granted: installation.granted.includes(capability.name) } : {}) })),
      permissions: shown?.permissions ?? [],
      menus: localisedMenus(shown?.menus ?? [], messages),
      entities: (shown?.entities ?? []).map((entity) => {
        const count = rows.get(entity.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
        return { name: entity.name, fields: Object.keys(entity.fields).length, ...(count === undefined ? {} : { rows: count }) }
      }),
      restorePoints: (await this.#parts.installations.restorePoints(id)).map((point) => ({ version: point.version, createdAt: point.createdAt.toISOString() })),
      operations: (await operationsOf(this.#parts.admin, id)).map(({ id: operationId, state, startedAt, endedAt }) => ({ id: operationId, state, startedAt, ...(endedAt ? { endedAt } : {}) })),
    }
  }

  /** Where a roll-back of a module that does not serve leads to. */
  async #rollbackTo({ pluginId, version, state }: Installation): Promise<string | undefined> {
    if (state !== 'failed' && state !== 'stopped') return undefined
    return (await this.#parts.installations.restorePoints(pluginId)).find((point) => semver.lt(point.version, version))?.version
  }

  #messagesOf(pluginId: string, locale: string): Messages {
    const release = this.#parts.host.current(pluginId)
    return release ? messageOf(release, locale) : {}
  }

  async #textOf(release: PluginRelease | undefined, file: string): Promise<string> {
    return release ? readFile(join(release.folder, file), 'utf8') : ''
  }
}

const ofEntry = ({ id, name, summary, icon, category, publisher }: CatalogueEntry | PluginManifest): ModuleSummary => ({ id, name, summary, icon, category, publisher })
const textsOf = ({ texts }: CatalogueEntry, locale: string): Messages => ({ ...texts?.['en'], ...texts?.[locale] })
const ofManifest: (manifest: PluginManifest) => ModuleSummary = ofEntry

function withInstallation(summary: ModuleSummary, installation: Installation, isDisabled: boolean, rollbackTo: string | undefined): ModuleSummary {
  const { version, state, reason, updatedAt } = installation
  return {
    ...summary,
    installed: { version, state: isDisabled && state === 'active' ? 'disabled' : state, ...(reason ? { reason } : {}), ...(rollbackTo ? { rollbackTo } : {}), since: updatedAt.toISOString() },
    ...(summary.latest && semver.gt(summary.latest, version) ? { update: summary.latest } : {}),
  }
}
