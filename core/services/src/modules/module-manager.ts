import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import semver from 'semver'
import type { Logger } from 'pino'
import { PluginSchemas, type Database } from '@opsflux/data'
import { PluginHost, type SandboxEvent } from '@opsflux/kernel'
import { openUnpacked, type PackageContent, type RegistryClient } from '@opsflux/registry-client'
import { isOpsFluxError, OpsFluxError, type ChangeRequest, type ModuleDetail, type ModuleSummary, type Operation, type Plan, type PluginManifest } from '@opsflux/sdk'
import { Catalogue, type CatalogueEntry } from './catalogue.ts'
import { Installations, type Installation } from './installations.ts'
import { operationsOf, readOperation, type StepObserver } from './journal.ts'
import { localised, localisedMenus, localisedReasons, type Messages } from './localised.ts'
import { Operations } from './operations.ts'
import { PackageStore } from './package-store.ts'
import { Planner, type PlanActor } from './planner.ts'
import { loadRelease, messageOf, type PluginRelease } from './plugin-release.ts'
import { recover } from './recovery.ts'
import { ReleaseFinder } from './release-finder.ts'
import { sha256 } from './sha256.ts'
import { sweepModules } from './sweep-folders.ts'
import { changelogSections, folderName } from './target.ts'

export interface ModuleManagerOptions {
  database: Database
  registry: RegistryClient
  marketplaceUrl?: string | undefined
  /** Folder of this host's packages and unpacked modules. */
  home: string
  /** The same at every start of this host. */
  hostId: string
  log: Logger
  onOperation(operation: Operation): void
  onModulesChanged(pluginId: string, version: string | undefined): void
  onStep?: StepObserver
}

type Reader = Pick<PlanActor, 'tenantId' | 'locale'>

/** Installs, updates, rolls back and removes plugins, and serves the ones that are installed. */
export class ModuleManager {
  readonly host = new PluginHost<PluginRelease>()
  readonly #options: ModuleManagerOptions
  readonly #installations: Installations
  readonly #schemas: PluginSchemas
  readonly #packages: PackageStore
  readonly #catalogue: Catalogue
  readonly #planner: Planner
  readonly #operations: Operations
  readonly #modulesFolder: string
  readonly #stopping = new AbortController()
  /** Plugins switched off, by tenant; read once, forgotten at every change. */
  readonly #disabled = new Map<string, Promise<ReadonlySet<string>>>()

  constructor(options: ModuleManagerOptions) {
    const { database, registry, log } = options
    this.#options = options
    this.#modulesFolder = join(options.home, 'modules')
    this.#installations = new Installations(database.admin)
    this.#schemas = new PluginSchemas(database)
    this.#packages = new PackageStore(join(options.home, 'packages'))
    this.#catalogue = new Catalogue(options.marketplaceUrl)
    const finder = new ReleaseFinder({ installations: this.#installations, registry, packages: this.#packages, modulesFolder: this.#modulesFolder })
    this.#planner = new Planner({ database, installations: this.#installations, schemas: this.#schemas, finder })
    this.#operations = new Operations({
      database, log, hostId: options.hostId, stopping: this.#stopping.signal, host: this.host, installations: this.#installations, schemas: this.#schemas, finder, planner: this.#planner, modulesFolder: this.#modulesFolder,
      onChange: options.onOperation, onModulesChanged: (pluginId, version) => this.#changed(pluginId, version), ...(options.onStep ? { onStep: options.onStep } : {}),
      reconcile: (pluginId) => this.#reconcile(pluginId), revive: (pluginId) => this.#revive(pluginId), load: (installation) => this.#loadRelease(installation),
    })
  }

  /** Ends interrupted operations, then loads what is installed. One plugin that fails does not keep the others from running. */
  async start(): Promise<void> {
    const { database, hostId, log } = this.#options
    await recover({ database, installations: this.#installations, schemas: this.#schemas, modulesFolder: this.#modulesFolder, hostId, log })
    await this.#packages.sweep()
    await sweepModules(this.#modulesFolder, await this.#neededFolders())
    await Promise.all((await this.#installations.all()).map((installation) => this.#load(installation)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#operations.settled()
    await this.host.stop()
  }

  /** @throws plan-impossible, migration-failed, untrusted-release, registry-unreachable … */
  plan(request: ChangeRequest, actor: PlanActor): Promise<Plan> {
    return this.#planner.plan(request, actor)
  }

  /** Starts the plan of that hash. @throws stale-plan, operation-in-progress */
  async apply(planHash: string, actor: PlanActor): Promise<Operation> {
    return this.#operations.start(await this.#planner.take(planHash), actor)
  }

  operation(id: string): Promise<Operation> {
    return readOperation(this.#options.database.admin, id)
  }

  /** Stores an uploaded package that is whole and genuine. @throws package-refused, untrusted-release */
  async receive(stream: Readable): Promise<{ fileId: string; id: string; version: string; publisher: string }> {
    const { opened, verified } = await this.#packages.receive(stream, (candidate) => this.#options.registry.verifyPackage(candidate))
    return { fileId: opened.digest, id: opened.plugin.id, version: opened.plugin.version, publisher: verified.publisher }
  }

  /** Plugins serving that the tenant has not switched off. */
  async enabledFor(tenantId: string): Promise<PluginRelease[]> {
    const disabled = await this.#disabledFor(tenantId)
    return this.host.all().filter((release) => !disabled.has(release.pluginId)).toSorted((a, b) => a.pluginId.localeCompare(b.pluginId))
  }

  async isEnabled(pluginId: string, tenantId: string): Promise<boolean> {
    return !(await this.#disabledFor(tenantId)).has(pluginId)
  }

  /** Modules are named in the reader's language, where they speak it. */
  async list({ tenantId, locale }: Reader): Promise<{ data: ModuleSummary[]; registry: { reachable: boolean } }> {
    const entries = await this.#catalogue.entries().catch((error: unknown) => {
      if (isOpsFluxError(error)) return undefined
      throw error
    })
    const summaries = new Map<string, ModuleSummary>()
    for (const entry of entries ?? []) summaries.set(entry.id, { ...localised(ofEntry(entry), textsOf(entry, locale)), latest: entry.latest })
    const disabled = await this.#disabledFor(tenantId)
    for (const installation of await this.#installations.all()) {
      const known = summaries.get(installation.pluginId) ?? ofManifest(installation.manifest)
      summaries.set(installation.pluginId, withInstallation(localised(known, this.#messagesOf(installation.pluginId, locale)), installation, disabled.has(installation.pluginId), await this.#rollbackTo(installation)))
    }
    for (const kept of await this.#installations.kept()) {
      const known = summaries.get(kept.pluginId) ?? ofManifest(kept.manifest)
      if (!known.installed) summaries.set(kept.pluginId, { ...known, keptData: { version: kept.version, rows: kept.rows, since: kept.since.toISOString() } })
    }
    return { data: [...summaries.values()].toSorted((a, b) => a.name.localeCompare(b.name)), registry: { reachable: entries !== undefined } }
  }

  /** @throws not-found */
  async detail(id: string, reader: Reader): Promise<ModuleDetail> {
    const summary = (await this.list(reader)).data.find((module) => module.id === id)
    if (!summary) throw new OpsFluxError('not-found', `There is no module "${id}" in the catalogue or on this platform.`)
    const entry = await this.#catalogue.entry(id).catch(() => undefined)
    const installation = await this.#installations.get(id)
    const release = this.host.current(id)
    const shown = release?.manifest ?? installation?.manifest ?? entry
    const messages = { ...(entry ? textsOf(entry, reader.locale) : {}), ...this.#messagesOf(id, reader.locale) }
    const rows = new Map(installation ? (await this.#schemas.tables(id)).map((table) => [table.name, table.rows]) : [])
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
      restorePoints: (await this.#installations.restorePoints(id)).map((point) => ({ version: point.version, createdAt: point.createdAt.toISOString() })),
      operations: (await operationsOf(this.#options.database.admin, id)).map(({ id: operationId, state, startedAt, endedAt }) => ({ id: operationId, state, startedAt, ...(endedAt ? { endedAt } : {}) })),
    }
  }

  /** Where a roll-back of a module that does not serve leads to. */
  async #rollbackTo({ pluginId, version, state }: Installation): Promise<string | undefined> {
    if (state !== 'failed' && state !== 'stopped') return undefined
    return (await this.#installations.restorePoints(pluginId)).find((point) => semver.lt(point.version, version))?.version
  }

  #messagesOf(pluginId: string, locale: string): Messages {
    const release = this.host.current(pluginId)
    return release ? messageOf(release, locale) : {}
  }

  #disabledFor(tenantId: string): Promise<ReadonlySet<string>> {
    const known = this.#disabled.get(tenantId)
    if (known) return known
    const read = this.#installations.disabledFor(tenantId).then((ids) => new Set(ids))
    this.#disabled.set(tenantId, read)
    read.catch(() => this.#disabled.delete(tenantId))
    return read
  }

  #changed(pluginId: string, version: string | undefined): void {
    this.#disabled.clear()
    this.#options.onModulesChanged(pluginId, version)
  }

  async #reconcile(pluginId: string): Promise<void> {
    const installation = await this.#installations.get(pluginId)
    if (installation?.digest !== this.host.current(pluginId)?.digest) await this.#reload(pluginId, installation)
  }

  /** Starts a stopped or failed module again; one whose files were changed on disk from its package. */
  async #revive(pluginId: string): Promise<void> {
    const installation = await this.#installations.get(pluginId)
    if (!installation || installation.state === 'active') return
    await this.#repair(installation)
    await this.#reload(pluginId, installation)
  }

  async #repair({ manifest, digest }: Installation): Promise<void> {
    const folder = join(this.#modulesFolder, folderName(manifest, digest))
    const isWhole = await openUnpacked(folder).then((content) => this.#isSealed(digest, content), () => false)
    if (isWhole) return
    const opened = await this.#packages.open(digest).catch(() => undefined)
    if (!opened) return
    await rm(folder, { recursive: true, force: true })
    await opened.unpackTo(folder)
  }

  async #isSealed(digest: string, content: PackageContent): Promise<boolean> {
    return sha256(content.manifestBytes) === (await this.#installations.seal(digest))
  }

  async #reload(pluginId: string, installation: Installation | undefined): Promise<void> {
    await this.host.pause(pluginId)
    const before = this.host.swap(pluginId, undefined)
    try {
      if (installation) await this.#load(installation)
    } finally {
      this.host.resume(pluginId)
      await before?.stop()
    }
  }

  async #load(installation: Installation): Promise<void> {
    const { pluginId } = installation
    const { log } = this.#options
    try {
      this.host.swap(pluginId, await this.#loadRelease(installation))
      if (installation.state !== 'active') await this.#installations.setState(pluginId, 'active')
    } catch (error) {
      const reason = isOpsFluxError(error) ? error.message : 'The module could not be loaded; the log says why.'
      log.error({ err: error, plugin: pluginId, version: installation.version }, 'a module does not load')
      await this.#installations.setState(pluginId, 'failed', reason)
    }
  }

  async #loadRelease({ manifest, digest, granted }: Pick<Installation, 'manifest' | 'digest' | 'granted'>): Promise<PluginRelease> {
    return loadRelease({
      folder: join(this.#modulesFolder, folderName(manifest, digest)), digest, granted, seal: await this.#installations.seal(digest),
      onEvent: (event) => this.#onSandboxEvent(manifest.id, event),
    })
  }

  /** Of what is installed, kept, or can be gone back to. */
  async #neededFolders(): Promise<Set<string>> {
    const releases = [...(await this.#installations.all()), ...(await this.#installations.kept()), ...(await this.#installations.restorePoints())]
    return new Set(releases.map(({ manifest, digest }) => folderName(manifest, digest)))
  }

  #onSandboxEvent(pluginId: string, event: SandboxEvent): void {
    const { log } = this.#options
    const isTrouble = event.type === 'death' || event.type === 'stopped' || event.type === 'unhandled-rejection' || (event.type === 'hardening' && event.missing.length > 0)
    log[isTrouble ? 'warn' : 'info']({ plugin: pluginId, event }, 'sandbox')
    if (event.type !== 'stopped') return
    this.#installations.setState(pluginId, 'stopped', event.reason)
      .then(() => this.#changed(pluginId, this.host.current(pluginId)?.version))
      .catch((error: unknown) => log.error({ err: error, plugin: pluginId }, 'state not written'))
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
