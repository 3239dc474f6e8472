import semver from 'semver'
import type pg from 'pg'
import type { AfterSteps, PluginSchemas } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { isOpsFluxError, OpsFluxError, type ModuleDetail, type ModuleSummary, type PluginManifest, type RegistryStatus, type SecretEntry } from '@opsflux/sdk'
import type { Capabilities, ModuleLimits } from '../capabilities/index.ts'
import type { PluginSecrets, SecretOwner } from '../secrets/index.ts'
import type { ParkedChanges } from '../outbox/parked-changes.ts'
import type { Catalogue, CatalogueEntry } from './catalogue.ts'
import type { Installation, Installations } from './installations.ts'
import type { InstalledReleases } from './installed-releases.ts'
import { operationsOf } from './journal.ts'
import { withGrants } from './granted.ts'
import { localised, localisedMenus, localisedReasons, localisedSecrets, type Messages } from './localised.ts'
import { messageOf, type PluginRelease } from './plugin-release.ts'
import type { RegistryRecord } from './registry-record.ts'
import type { ReleaseFinder } from './release-finder.ts'
import { changelogSections } from './target.ts'

export interface DirectoryParts {
  admin: pg.Pool
  catalogue: Catalogue
  installations: Installations
  schemas: PluginSchemas
  afterSteps: AfterSteps
  parkedChanges: ParkedChanges
  host: PluginHost<PluginRelease>
  capabilities: Capabilities
  limits: ModuleLimits
  secrets: PluginSecrets
  releases: InstalledReleases
  finder: ReleaseFinder
  record: RegistryRecord
  disabledFor(tenantId: string): Promise<ReadonlySet<string>>
  registryStatus(): Promise<RegistryStatus>
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
  async list({ tenantId, locale }: Reader): Promise<{ data: ModuleSummary[]; registry: RegistryStatus }> {
    const entries = await this.#parts.catalogue.entries().catch((error: unknown) => {
      if (isOpsFluxError(error)) return undefined
      throw error
    })
    const summaries = new Map<string, ModuleSummary>()
    for (const entry of entries ?? []) summaries.set(entry.id, { ...localised(ofEntry(entry), textsOf(entry, locale)), latest: entry.latest })
    const disabled = await this.#parts.disabledFor(tenantId)
    for (const installation of await this.#parts.installations.all()) {
      const known = summaries.get(installation.pluginId) ?? ofManifest(installation.manifest)
      summaries.set(installation.pluginId, withInstallation(localised(known, this.#messagesOf(installation.pluginId, locale)), installation, disabled.has(installation.pluginId), await this.#seen(installation, known)))
    }
    for (const kept of await this.#parts.installations.kept()) {
      const known = summaries.get(kept.pluginId) ?? ofManifest(kept.manifest)
      if (!known.installed) summaries.set(kept.pluginId, { ...known, keptData: { version: kept.version, rows: kept.rows, since: kept.since.toISOString() } })
    }
    const registry = await this.#parts.registryStatus()
    return { data: [...summaries.values()].toSorted((a, b) => a.name.localeCompare(b.name)), registry: { ...registry, reachable: registry.reachable && entries !== undefined } }
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
    const afterSteps = installation ? await this.#parts.afterSteps.waiting(id) : []
    const parkedChanges = await this.#parts.parkedChanges.of({ pluginId: id, tenantId: reader.tenantId })
    const rows = new Map(installation ? (await this.#parts.schemas.tables(id)).map((table) => [table.name, table.rows]) : [])
    return {
      ...summary,
      readme: entry?.readme ?? (await this.#textOf(release, 'README.md')),
      changelog: changelogSections(entry?.changelog ?? (await this.#textOf(release, 'CHANGELOG.md'))),
      versions: entry?.versions ?? [],
      capabilities: withGrants(localisedReasons(shown?.capabilities ?? [], messages), installation?.granted, installation ? await this.#parts.installations.withdrawn(id, reader.tenantId) : []),
      secrets: await this.#secretsOf(localisedSecrets(shown?.secrets ?? [], messages), installation && { pluginId: id, tenantId: reader.tenantId }),
      limits: installation ? await this.#parts.limits.of(installation.manifest) : [],
      refusals: await this.#parts.capabilities.refusalsOf({ pluginId: id, tenantId: reader.tenantId }),
      permissions: shown?.permissions ?? [],
      menus: localisedMenus(shown?.menus ?? [], messages),
      entities: (shown?.entities ?? []).map((entity) => {
        const count = rows.get(entity.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
        return { name: entity.name, fields: Object.keys(entity.fields).length, ...(count === undefined ? {} : { rows: count }) }
      }),
      ...(afterSteps.length > 0 ? { afterSteps } : {}), ...(parkedChanges ? { parkedChanges } : {}),
      restorePoints: (await this.#parts.installations.restorePoints(id)).map((point) => ({ version: point.version, createdAt: point.createdAt.toISOString() })),
      operations: (await operationsOf(this.#parts.admin, id)).map(({ id: operationId, state, startedAt, endedAt }) => ({ id: operationId, state, startedAt, ...(endedAt ? { endedAt } : {}) })),
    }
  }

  /** @param owner once installed */
  async #secretsOf(declared: SecretEntry[], owner: SecretOwner | undefined): Promise<ModuleDetail['secrets']> {
    if (!owner) return declared
    const states = await this.#parts.secrets.states(owner)
    return declared.map((secret) => {
      const state = states.get(secret.name)
      return { ...secret, isSet: state !== undefined, ...(state ? { setAt: state.setAt.toISOString() } : {}), ...(state?.setBy === undefined ? {} : { setBy: state.setBy }) }
    })
  }

  /** What is wrong with an installed module, and where it can go from here. */
  async #seen(installation: Installation, { latest }: Pick<ModuleSummary, 'latest'>): Promise<Seen> {
    const { releases, finder, record } = this.#parts
    const { pluginId, version, digest, state } = installation
    const damage = releases.damageOf(digest)
    const doesServe = state !== 'failed' && state !== 'stopped' && state !== 'blocked'
    const rollbackTo = doesServe ? undefined : await finder.wayBackFrom(installation)
    const isUpdate = latest !== undefined && semver.gt(latest, version) && !(await record.revocationOf({ id: pluginId, version: latest }))
    return {
      ...(damage ? { altered: damage.entry === undefined ? {} : { entry: damage.entry } } : {}),
      ...(rollbackTo ? { rollbackTo } : {}), ...(isUpdate ? { update: latest } : {}),
    }
  }

  #messagesOf(pluginId: string, locale: string): Messages {
    const release = this.#parts.host.current(pluginId)
    return release ? messageOf(release, locale) : {}
  }

  async #textOf(release: PluginRelease | undefined, file: string): Promise<string> {
    return release ? release.files.read(file).then((bytes) => bytes.toString('utf8'), () => '') : ''
  }
}

const ofEntry = ({ id, name, summary, icon, category, publisher }: CatalogueEntry | PluginManifest): ModuleSummary => ({ id, name, summary, icon, category, publisher })
const textsOf = ({ texts }: CatalogueEntry, locale: string): Messages => ({ ...texts?.['en'], ...texts?.[locale] })
const ofManifest: (manifest: PluginManifest) => ModuleSummary = ofEntry

interface Seen extends Pick<ModuleSummary, 'update'>, Pick<NonNullable<ModuleSummary['installed']>, 'altered' | 'rollbackTo'> {}

function withInstallation(summary: ModuleSummary, installation: Installation, isDisabled: boolean, { update, ...seen }: Seen): ModuleSummary {
  const { version, state, reason, updatedAt } = installation
  return {
    ...summary,
    installed: { version, state: isDisabled && state === 'active' ? 'disabled' : state, ...(reason ? { reason } : {}), ...seen, since: updatedAt.toISOString() },
    ...(update ? { update } : {}),
  }
}
