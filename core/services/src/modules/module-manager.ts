import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import { PluginSchemas, type Database } from '@opsflux/data'
import { PluginHost, type SandboxEvent } from '@opsflux/kernel'
import type { RegistryClient } from '@opsflux/registry-client'
import { isOpsFluxError, type ChangeRequest, type ModuleDetail, type ModuleSummary, type Operation, type Plan } from '@opsflux/sdk'
import { Catalogue } from './catalogue.ts'
import { Installations, type Installation } from './installations.ts'
import { InstalledReleases } from './installed-releases.ts'
import { readOperation, type StepObserver } from './journal.ts'
import { ModuleDirectory, type Reader } from './module-directory.ts'
import { Operations } from './operations.ts'
import { PackageStore } from './package-store.ts'
import { Planner, type PlanActor } from './planner.ts'
import type { PluginRelease } from './plugin-release.ts'
import { recover } from './recovery.ts'
import { ReleaseFinder } from './release-finder.ts'

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

/** Installs, updates, rolls back and removes plugins, and serves the ones that are installed. */
export class ModuleManager {
  readonly host = new PluginHost<PluginRelease>()
  readonly #options: ModuleManagerOptions
  readonly #installations: Installations
  readonly #schemas: PluginSchemas
  readonly #packages: PackageStore
  readonly #releases: InstalledReleases
  readonly #directory: ModuleDirectory
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
    this.#releases = new InstalledReleases({
      installations: this.#installations, packages: this.#packages, modulesFolder: this.#modulesFolder, onSandboxEvent: (pluginId, event) => this.#onSandboxEvent(pluginId, event),
    })
    this.#directory = new ModuleDirectory({
      admin: database.admin, catalogue: new Catalogue(options.marketplaceUrl), installations: this.#installations, schemas: this.#schemas, host: this.host,
      disabledFor: (tenantId) => this.#disabledFor(tenantId),
    })
    const finder = new ReleaseFinder({ installations: this.#installations, registry, packages: this.#packages, modulesFolder: this.#modulesFolder })
    this.#planner = new Planner({ database, installations: this.#installations, schemas: this.#schemas, finder })
    this.#operations = new Operations({
      database, log, hostId: options.hostId, stopping: this.#stopping.signal, host: this.host, installations: this.#installations, schemas: this.#schemas, finder, planner: this.#planner, modulesFolder: this.#modulesFolder,
      onChange: options.onOperation, onModulesChanged: (pluginId, version) => this.#changed(pluginId, version), ...(options.onStep ? { onStep: options.onStep } : {}),
      reconcile: (pluginId) => this.#reconcile(pluginId), revive: (pluginId) => this.#revive(pluginId), load: (installation) => this.#releases.load(installation),
    })
  }

  /** Ends interrupted operations, then loads what is installed. One plugin that fails does not keep the others from running. */
  async start(): Promise<void> {
    const { database, hostId, log } = this.#options
    await recover({ database, installations: this.#installations, schemas: this.#schemas, modulesFolder: this.#modulesFolder, hostId, log })
    await this.#releases.sweep()
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
  list(reader: Reader): Promise<{ data: ModuleSummary[]; registry: { reachable: boolean } }> {
    return this.#directory.list(reader)
  }

  /** @throws not-found */
  detail(id: string, reader: Reader): Promise<ModuleDetail> {
    return this.#directory.detail(id, reader)
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
    await this.#releases.repair(installation)
    await this.#reload(pluginId, installation)
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
      this.host.swap(pluginId, await this.#releases.load(installation))
      if (installation.state !== 'active') await this.#installations.setState(pluginId, 'active')
    } catch (error) {
      const reason = isOpsFluxError(error) ? error.message : 'The module could not be loaded; the log says why.'
      log.error({ err: error, plugin: pluginId, version: installation.version }, 'a module does not load')
      await this.#installations.setState(pluginId, 'failed', reason)
    }
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

}
