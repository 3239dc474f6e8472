import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { ChangePayload, Database, PluginSchemas } from '@opsflux/data'
import type { PluginHost, SandboxEvent } from '@opsflux/kernel'
import { isOpsFluxError, type CapabilityName, type Operation, type OperationStep } from '@opsflux/sdk'
import type { Installation, Installations } from './installations.ts'
import { Journal, type JournalParts } from './journal.ts'
import { grantsOf, type Planner, type StoredPlan } from './planner.ts'
import { checkHandlers, loadRelease, type PluginRelease } from './plugin-release.ts'
import { schemaPath } from './schema-change.ts'
import { folderName, sha256, type MigrationText, type TargetRelease } from './target.ts'

export interface OperationsParts extends Omit<JournalParts, 'admin'> {
  database: Database
  installations: Installations
  schemas: PluginSchemas
  planner: Planner
  host: PluginHost<PluginRelease>
  modulesFolder: string
  log: Logger
  /** Makes what this host serves what the database says is installed. */
  reconcile(pluginId: string): Promise<void>
  onSandboxEvent(pluginId: string, event: SandboxEvent): void
  /** The set of installed, enabled or serving releases changed. */
  onModulesChanged(pluginId: string, version: string | undefined): void
}

const releaseSteps: readonly OperationStep[] = ['verify', 'prepare', 'pause', 'protect', 'migrate', 'switch', 'check', 'resume', 'clean']
const uninstallSteps: readonly OperationStep[] = ['pause', 'protect', 'migrate', 'switch', 'resume', 'clean']
const switchSteps: readonly OperationStep[] = ['switch']

/** Carries out plans. Every step is journalled; before the one commit nothing has changed, after it the restore point leads back. */
export class Operations {
  readonly #parts: OperationsParts
  readonly #running = new Set<Promise<void>>()

  constructor(parts: OperationsParts) {
    this.#parts = parts
  }

  /** Starts the change and answers at once; progress goes to `onChange`. @throws stale-plan, operation-in-progress */
  async start(stored: StoredPlan, actor: { userId: string; tenantId: string }): Promise<Operation> {
    const { plan } = stored
    const steps = plan.action === 'uninstall' ? uninstallSteps : plan.action === 'enable' || plan.action === 'disable' ? switchSteps : releaseSteps
    const journal = await Journal.open({ ...this.#parts, admin: this.#parts.database.admin }, plan, steps, actor.userId)
    const started = structuredClone(journal.operation)
    const run = this.#run(journal, stored, actor).finally(() => this.#running.delete(run))
    this.#running.add(run)
    return started
  }

  /** Resolves when no operation of this host is running. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(journal: Journal, stored: StoredPlan, actor: { userId: string; tenantId: string }): Promise<void> {
    const { plan } = stored
    try {
      if (plan.action === 'uninstall') await this.#uninstall(journal, stored)
      else if (plan.action === 'enable' || plan.action === 'disable') {
        await journal.step('switch', () => this.#parts.installations.setEnabled(plan.id, actor.tenantId, plan.action === 'enable'))
      } else await new ReleaseChange(this.#parts, journal, stored, actor.userId).run()
      await journal.end('succeeded')
    } catch (error) {
      this.#logFailure(journal.operation, error)
      await journal.end(journal.operation.state === 'returned' ? 'returned' : 'failed', error).catch((cause: unknown) => this.#parts.log.error({ err: cause }, 'journal not closed'))
    }
    this.#parts.onModulesChanged(plan.id, this.#parts.host.current(plan.id)?.version)
  }

  async #uninstall(journal: Journal, { plan, request }: StoredPlan): Promise<void> {
    const { host, schemas, installations } = this.#parts
    const installation = await installations.get(plan.id)
    if (!installation) throw new Error('The plan was checked against an installation that is gone.')
    const isPurge = request.data === 'purge'
    await journal.step('pause', () => host.pause(plan.id))
    try {
      const rows = (await schemas.tables(plan.id)).reduce((sum, table) => sum + table.rows, 0)
      await journal.step('protect', async () => undefined)
      await journal.step('migrate', async () => {
        const keptData = { version: installation.version, digest: installation.digest, manifest: installation.manifest, rows }
        const staged = await schemas.stage(plan.id, { installation: null, ...(isPurge ? { migrations: [], keptData: null } : { keptData }) })
        if (isPurge) await schemas.purge(plan.id, staged)
        else await schemas.change({ pluginId: plan.id, down: [], up: [] }, staged)
      })
      await journal.step('switch', async () => { await host.swap(plan.id, undefined)?.stop() })
    } catch (error) {
      host.resume(plan.id)
      throw error
    }
    await journal.step('resume', async () => host.resume(plan.id))
    await journal.step('clean', async () => { if (isPurge) await rm(join(this.#parts.modulesFolder, plan.id), { recursive: true, force: true }) })
  }

  #logFailure(operation: Operation, error: unknown): void {
    const level = isOpsFluxError(error) ? 'warn' : 'error'
    this.#parts.log[level]({ err: error, operation: operation.id, plugin: operation.plan.id, action: operation.plan.action }, 'operation failed')
  }
}

/** One install, update or roll-back. */
class ReleaseChange {
  readonly #parts: OperationsParts
  readonly #journal: Journal
  readonly #stored: StoredPlan
  readonly #userId: string
  #restorePoint: string | undefined
  #isCommitted = false

  constructor(parts: OperationsParts, journal: Journal, stored: StoredPlan, userId: string) {
    this.#parts = parts
    this.#journal = journal
    this.#stored = stored
    this.#userId = userId
  }

  async run(): Promise<void> {
    const { host, installations } = this.#parts
    const { plan } = this.#stored
    const before = await installations.get(plan.id)
    const target = await this.#journal.step('verify', () => this.#parts.planner.targetOf(this.#stored))
    const granted = grantsOf(target.manifest, this.#stored.request, before?.granted ?? [])
    const release = await this.#journal.step('prepare', () => this.#prepare(target, granted))
    let old: PluginRelease | undefined
    try {
      await this.#journal.step('pause', () => host.pause(plan.id))
      try {
        await this.#changeData(target, granted, before)
        old = await this.#journal.step('switch', async () => host.swap(plan.id, release))
        await this.#journal.step('check', () => this.#check(release)).catch((error: unknown) => this.#takeBack(before, old, error))
      } finally {
        host.resume(plan.id)
      }
    } catch (error) {
      await release.stop()
      if (this.#isCommitted && this.#journal.operation.state !== 'returned') await this.#parts.reconcile(plan.id)
      else await this.#dropFolderOf(target, before)
      throw error
    }
    await this.#journal.step('resume', async () => undefined)
    await this.#journal.step('clean', async () => { await old?.stop() })
  }

  async #prepare(target: TargetRelease, granted: CapabilityName[]): Promise<PluginRelease> {
    const folder = await target.unpack(this.#parts.modulesFolder)
    const { id } = target.manifest
    const release = await loadRelease({ folder, digest: target.digest, granted, onEvent: (event) => this.#parts.onSandboxEvent(id, event) })
    await checkHandlers(release)
    return release
  }

  /** Restore point, then the one transaction in which schema, installation and contributions change. */
  async #changeData(target: TargetRelease, granted: CapabilityName[], before: Installation | undefined): Promise<void> {
    const { schemas } = this.#parts
    const { plan } = this.#stored
    await this.#journal.step('protect', async () => {
      await schemas.ensure(plan.id)
      if (before) this.#restorePoint = await schemas.protect(plan.id, { version: before.version, digest: before.digest, manifest: before.manifest, granted: before.granted })
    })
    try {
      await this.#journal.step('migrate', async () => {
        const installation = {
          version: target.manifest.version, digest: target.digest, source: plan.source === 'file' ? 'file' : 'registry', state: 'active',
          manifest: target.manifest, granted, changedBy: this.#userId,
        }
        const staged = await schemas.stage(plan.id, { installation, migrations: recordOf(target.migrations), keptData: null })
        if (plan.dataFrom === 'restore-point') await schemas.restore(await this.#restorePointOf(plan.to), staged)
        else await schemas.change({ pluginId: plan.id, ...pathOnly(schemaPath(await schemas.applied(plan.id), target.migrations)) }, staged)
        this.#isCommitted = true
      })
    } catch (error) {
      if (this.#restorePoint && !this.#isCommitted) await schemas.dropRestorePoint(this.#restorePoint)
      throw error
    }
  }

  async #restorePointOf(version: string | undefined): Promise<string> {
    const point = (await this.#parts.installations.restorePoints(this.#stored.plan.id)).find((candidate) => candidate.version === version && candidate.id !== this.#restorePoint)
    if (!point) throw new Error('The restore point of the plan is gone.')
    return point.id
  }

  /** The new release answers: its handlers are there and its entities can be read as requests read them. */
  async #check(release: PluginRelease): Promise<void> {
    await checkHandlers(release)
    await this.#parts.schemas.probe(release.manifest)
  }

  /** After the commit only the restore point leads back: code and data together. */
  async #takeBack(before: Installation | undefined, old: PluginRelease | undefined, reason: unknown): Promise<never> {
    const { host, schemas } = this.#parts
    const { plan } = this.#stored
    if (before && this.#restorePoint) {
      const installation = {
        version: before.version, digest: before.digest, source: before.source, state: 'active', manifest: before.manifest,
        granted: before.granted, changedBy: this.#userId,
      }
      await schemas.restore(this.#restorePoint, await schemas.stage(plan.id, { installation }))
      await schemas.dropRestorePoint(this.#restorePoint)
    } else {
      await schemas.purge(plan.id, await schemas.stage(plan.id, { installation: null, migrations: [] }))
    }
    host.swap(plan.id, old)
    this.#journal.operation.state = 'returned'
    throw reason
  }

  async #dropFolderOf(target: TargetRelease, before: Installation | undefined): Promise<void> {
    if (before?.digest === target.digest || this.#stored.plan.source === 'installed') return
    await rm(join(this.#parts.modulesFolder, folderName(target.manifest, target.digest)), { recursive: true, force: true })
  }
}

const recordOf = (migrations: readonly MigrationText[]): NonNullable<ChangePayload['migrations']> => migrations.map(({ id, upSql, downSql }) => ({ id, sha256: sha256(upSql), downSql }))
const pathOnly = ({ down, up }: ReturnType<typeof schemaPath>) => ({ down, up })
