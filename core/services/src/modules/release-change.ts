import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChangePayload } from '@opsflux/data'
import type { CapabilityName } from '@opsflux/sdk'
import type { Installation } from './installations.ts'
import type { Journal } from './journal.ts'
import type { OperationsParts } from './operation-parts.ts'
import { grantsOf, type StoredPlan } from './planner.ts'
import { checkHandlers, loadRelease, probeEntities, type PluginRelease } from './plugin-release.ts'
import { schemaPath, type AppliedMigration } from './schema-change.ts'
import { folderName, sha256, type MigrationText, type TargetRelease } from './target.ts'

/** One install, update or roll-back. */
export class ReleaseChange {
  readonly #parts: OperationsParts
  readonly #journal: Journal
  readonly #stored: StoredPlan
  readonly #userId: string
  #restorePoint: string | undefined
  #isCommitted = false
  #appliedBefore: AppliedMigration[] = []

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
      this.#appliedBefore = await schemas.applied(plan.id)
      await this.#journal.step('migrate', async () => {
        const installation = {
          version: target.manifest.version, digest: target.digest, source: plan.source === 'file' ? 'file' : 'registry', state: 'active',
          manifest: target.manifest, granted, changedBy: this.#userId,
        }
        const staged = await schemas.stage(plan.id, { installation, migrations: recordOf(target.migrations), keptData: null })
        try {
          if (plan.dataFrom === 'restore-point') await schemas.restore(await this.#restorePointOf(plan.to), staged)
          else await schemas.change({ pluginId: plan.id, ...pathOnly(schemaPath(this.#appliedBefore, target.migrations)) }, staged)
          this.#isCommitted = true
        } catch (error) {
          // A connection lost at the commit leaves open which: what can no longer be discarded has happened.
          this.#isCommitted = !(await schemas.discard(staged.changeId))
          if (!this.#isCommitted) throw error
        }
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
    await probeEntities(this.#parts.database, release)
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
      await schemas.restore(this.#restorePoint, await schemas.stage(plan.id, { installation, migrations: this.#appliedBefore }))
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
