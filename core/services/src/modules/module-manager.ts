import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Logger } from 'pino'
import { AfterSteps, PluginSchemas, sealerOf, type Database, type Notifications } from '@opsflux/data'
import { PluginHost, type SandboxEvent } from '@opsflux/kernel'
import type { RegistryClient } from '@opsflux/registry-client'
import { OpsFluxError, type ChangeRequest, type ModuleDetail, type ModuleSummary, type Operation, type Plan, type PluginManifest, type RegistryStatus } from '@opsflux/sdk'
import type { Capabilities, GrantChange, LimitChanges, ModuleLimits } from '../capabilities/index.ts'
import { ParkedChanges } from '../outbox/parked-changes.ts'
import type { PluginSecrets } from '../secrets/index.ts'
import { Catalogue } from './catalogue.ts'
import { Installations } from './installations.ts'
import { InstalledReleases } from './installed-releases.ts'
import { readOperation, type StepObserver } from './journal.ts'
import { ModuleDirectory, type Reader } from './module-directory.ts'
import { ModuleSwitches } from './module-switches.ts'
import { Operations } from './operations.ts'
import { PackageStore } from './package-store.ts'
import { Planner, type PlanActor } from './planner.ts'
import { PluginLocks } from './plugin-locks.ts'
import type { PluginRelease, SandboxPolicy } from './plugin-release.ts'
import { recover } from './recovery.ts'
import { RegistryRecord } from './registry-record.ts'
import { RegistryWatch } from './registry-watch.ts'
import { ReleaseFinder } from './release-finder.ts'
import { damageOf, ReleaseSeals } from './release-seals.ts'
import { RevocationGuard } from './revocation-guard.ts'
import { ServedModules } from './served-modules.ts'

export interface ModuleManagerOptions {
  database: Database
  capabilities: Capabilities
  limits: ModuleLimits
  notifications: Pick<Notifications, 'isConnected' | 'on' | 'onReconnected'>
  secrets: PluginSecrets
  registry: RegistryClient
  /** Between two looks at the registry. Default 3600. */
  registryRefreshSeconds?: number | undefined
  /** Judges how old the registry's metadata is. Default: this machine's clock. */
  now?: (() => Date) | undefined
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
  readonly #afterSteps: AfterSteps
  readonly #parkedChanges: ParkedChanges
  readonly #packages: PackageStore
  readonly #releases: InstalledReleases
  readonly #directory: ModuleDirectory
  readonly #planner: Planner
  readonly #operations: Operations
  readonly #watch: RegistryWatch
  readonly #guard: RevocationGuard
  readonly #served: ServedModules
  readonly #switches: ModuleSwitches
  readonly #modulesFolder: string
  readonly #stopping = new AbortController()

  constructor(options: ModuleManagerOptions) {
    const { capabilities, database, notifications, registry, log } = options
    const record = new RegistryRecord(database.admin)
    const seals = new ReleaseSeals(database.admin)
    const locks = new PluginLocks()
    this.#options = options
    this.#modulesFolder = join(options.home, 'modules')
    this.#installations = new Installations(database.admin)
    this.#switches = new ModuleSwitches({ notifications, read: (tenantId) => this.#installations.disabledFor(tenantId), onChanged: (pluginId) => capabilities.forget(pluginId) })
    this.#schemas = new PluginSchemas(database)
    this.#afterSteps = new AfterSteps(database, { onSettled: (pluginId, problem) => this.#afterStepsSettled(pluginId, problem), onTrouble: (error) => log.warn({ err: error }, 'steps after a change wait for the database') })
    this.#parkedChanges = new ParkedChanges(database.admin)
    this.#packages = new PackageStore(join(options.home, 'packages'))
    this.#releases = new InstalledReleases({
      installations: this.#installations, packages: this.#packages, seals, modulesFolder: this.#modulesFolder, sealer: sealerOf(database.sealingKey), policyOf: (manifest) => this.#policyOf(manifest),
      onSandboxEvent: (pluginId, event) => this.#onSandboxEvent(pluginId, event),
    })
    this.#watch = new RegistryWatch({
      registry, record, log, everySeconds: options.registryRefreshSeconds ?? 3600, now: options.now ?? (() => new Date()), onRefreshed: () => void this.#guard.enforce(),
    })
    const finder = new ReleaseFinder({ installations: this.#installations, registry, watch: this.#watch, record, packages: this.#packages, seals, modulesFolder: this.#modulesFolder })
    this.#guard = new RevocationGuard({ installations: this.#installations, record, finder, host: this.host, locks, log, onModulesChanged: (pluginId, version) => this.#changed(pluginId, version) })
    this.#served = new ServedModules({ host: this.host, installations: this.#installations, releases: this.#releases, record, guard: this.#guard, log })
    this.#directory = new ModuleDirectory({
      admin: database.admin, catalogue: new Catalogue(options.marketplaceUrl), installations: this.#installations, schemas: this.#schemas, afterSteps: this.#afterSteps, parkedChanges: this.#parkedChanges, host: this.host, capabilities: options.capabilities, limits: options.limits, secrets: options.secrets,
      disabledFor: (tenantId) => this.#switches.offFor(tenantId), releases: this.#releases, finder, record, registryStatus: () => this.#watch.status(),
    })
    this.#planner = new Planner({ database, installations: this.#installations, schemas: this.#schemas, finder, releases: this.#releases, record, isPrivateHost: options.capabilities.isPrivateHost })
    this.#operations = new Operations({
      database, log, hostId: options.hostId, stopping: this.#stopping.signal, host: this.host, installations: this.#installations, schemas: this.#schemas, finder, planner: this.#planner, releases: this.#releases, seals, locks, modulesFolder: this.#modulesFolder,
      onChange: options.onOperation, onModulesChanged: (pluginId, version) => this.#changed(pluginId, version), ...(options.onStep ? { onStep: options.onStep } : {}),
      reconcile: (pluginId) => this.#served.reconcile(pluginId), revive: (pluginId) => this.#served.revive(pluginId), onEnded: () => {
        void this.#guard.enforce()
        this.#afterSteps.wake()
      }, load: (installation) => this.#releases.load(installation),
      onGrantsChanged: (pluginId) => options.capabilities.forget(pluginId),
    })
  }

  /** Ends interrupted operations, then loads what is installed. One plugin that fails does not keep the others from running. */
  async start(): Promise<void> {
    const { database, hostId, log } = this.#options
    await recover({ database, installations: this.#installations, schemas: this.#schemas, releases: this.#releases, modulesFolder: this.#modulesFolder, hostId, log })
    await this.#releases.sweep()
    await this.#served.loadAll()
    this.#watch.start()
    this.#afterSteps.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#switches.stop()
    this.#watch.stop()
    await this.#operations.settled()
    await this.#afterSteps.stop()
    await this.#guard.enforced()
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
    const disabled = await this.#switches.offFor(tenantId)
    return this.host.all().filter((release) => !disabled.has(release.pluginId)).toSorted((a, b) => (a.pluginId < b.pluginId ? -1 : 1))
  }

  async isEnabled(pluginId: string, tenantId: string): Promise<boolean> {
    return !(await this.#switches.offFor(tenantId)).has(pluginId)
  }

  /** Installed modules that do not serve and that the tenant has not switched off. */
  async withheldFrom(tenantId: string): Promise<{ id: string; name: string; reason: string }[]> {
    const disabled = await this.#switches.offFor(tenantId)
    return [...this.host.withheld()].filter(([id]) => !disabled.has(id)).map(([id, { name, reason }]) => ({ id, name, reason }))
  }

  /** How far the registry's word can be relied on. */
  registryStatus(): Promise<RegistryStatus> {
    return this.#watch.status()
  }

  /** Looks at the registry now, as happens every hour, and blocks what was revoked. @throws registry-unreachable, metadata-expired, untrusted-release */
  async refreshRegistry(): Promise<void> {
    await this.#watch.refresh()
    await this.#guard.enforce()
  }

  /** A file of a release that serves was found changed on disk when it was read. It is not served; a repair puts it right. */
  noteAltered({ pluginId, version, digest }: PluginRelease, error: unknown): void {
    const damage = damageOf(error)
    if (!damage || !this.#releases.report(digest, damage)) return
    this.#options.log.error({ err: error, plugin: pluginId, version }, 'a file of a module was changed on disk')
    this.#changed(pluginId, version)
  }

  /** Modules are named in the reader's language, where they speak it. */
  list(reader: Reader): Promise<{ data: ModuleSummary[]; registry: RegistryStatus }> {
    return this.#directory.list(reader)
  }

  /** @throws not-found */
  detail(id: string, reader: Reader): Promise<ModuleDetail> {
    return this.#directory.detail(id, reader)
  }

  /** @throws not-found, validation-failed, operation-in-progress */
  async setGrants(id: string, { grants, scope }: Pick<GrantChange, 'grants' | 'scope'>, actor: PlanActor): Promise<ModuleDetail> {
    await this.#options.capabilities.set({ pluginId: id, grants, scope, tenantId: actor.tenantId, userId: actor.userId })
    this.#changed(id, this.host.current(id)?.version)
    return this.detail(id, actor)
  }

  /** Tries again what its last change left to be done and did not work. @throws not-found */
  async retryAfterSteps(id: string, actor: PlanActor): Promise<ModuleDetail> {
    if (!(await this.#installations.get(id))) throw new OpsFluxError('not-found', `The module "${id}" is not installed.`)
    if (await this.#afterSteps.retry(id)) this.#changed(id, this.host.current(id)?.version)
    return this.detail(id, actor)
  }

  /** Gives hooks the changes again that they had been given up on by then, or forgets these, for this organisation. @throws not-found */
  async settleParkedChanges(id: string, { work, until }: { work: 'retry' | 'forget'; until: Date }, actor: PlanActor): Promise<ModuleDetail> {
    if (!(await this.#installations.get(id))) throw new OpsFluxError('not-found', `The module "${id}" is not installed.`)
    const count = await this.#parkedChanges[work]({ pluginId: id, tenantId: actor.tenantId }, until)
    this.#options.log.info({ plugin: id, tenant: actor.tenantId, by: actor.userId, work, count }, 'changes that hooks were given up on')
    return this.detail(id, actor)
  }

  /** Running sandboxes keep to it at once. @throws not-found, validation-failed */
  async setLimits(id: string, changes: LimitChanges, actor: PlanActor): Promise<ModuleDetail> {
    if (!(await this.#installations.get(id))) throw new OpsFluxError('not-found', `The module "${id}" is not installed.`)
    await this.#options.limits.choose(id, changes, actor)
    await this.applyLimits(id)
    this.#changed(id, this.host.current(id)?.version)
    return this.detail(id, actor)
  }

  /** Gives the running sandboxes of this host, or that of one module, the limits that bind now. */
  async applyLimits(id?: string): Promise<void> {
    const serving = this.host.all().filter((release) => id === undefined || release.pluginId === id)
    for (const { sandbox, manifest } of serving) sandbox?.setLimits(await this.#options.limits.valuesOf(manifest))
  }

  #afterStepsSettled(pluginId: string, problem: string | undefined): void {
    const { log } = this.#options
    if (problem === undefined) log.info({ plugin: pluginId }, 'all steps after the change are done')
    else log.error({ plugin: pluginId, problem }, 'a step after the change was given up')
    this.#changed(pluginId, this.host.current(pluginId)?.version)
  }

  #changed(pluginId: string, version: string | undefined): void {
    this.#switches.forget()
    this.#options.capabilities.forget(pluginId)
    // A release that was being prepared while its limits were changed began with those before.
    this.applyLimits(pluginId).catch((error: unknown) => this.#options.log.error({ err: error, plugin: pluginId }, 'limits not applied'))
    this.#options.onModulesChanged(pluginId, version)
  }

  async #policyOf(manifest: PluginManifest): Promise<SandboxPolicy> {
    const { capabilities, limits } = this.#options
    return {
      limits: await limits.valuesOf(manifest),
      authorise: ({ capability, call }) => capabilities.allows({ pluginId: manifest.id, tenantId: call.tenant.id, userId: call.user.id, capability }),
    }
  }

  #onSandboxEvent(pluginId: string, event: SandboxEvent): void {
    const { capabilities, log } = this.#options
    if (event.type === 'refused') {
      capabilities.refused({ pluginId, tenantId: event.tenant, userId: event.user, capability: event.capability, detail: event.hostCall })
      return
    }
    const isTrouble = event.type === 'death' || event.type === 'stopped' || event.type === 'unhandled-rejection' || (event.type === 'hardening' && event.missing.length > 0)
    log[isTrouble ? 'warn' : 'info']({ plugin: pluginId, event }, 'sandbox')
    // One that is out of service has another reason to be.
    if (event.type !== 'stopped' || !this.host.current(pluginId)) return
    this.#installations.setState(pluginId, 'stopped', event.reason)
      .then(() => this.#changed(pluginId, this.host.current(pluginId)?.version))
      .catch((error: unknown) => log.error({ err: error, plugin: pluginId }, 'state not written'))
  }

}
