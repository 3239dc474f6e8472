import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChangePayload } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import type { Installation, KeptData } from './installations.ts'
import type { Journal } from './journal.ts'
import type { OperationsParts } from './operation-parts.ts'
import type { StoredPlan } from './release-finder.ts'
import { checkHandlers, probeEntities, type PluginRelease } from './plugin-release.ts'
import { afterFiles, schemaPath, type AppliedMigration } from './schema-change.ts'
import { sha256 } from './sha256.ts'
import { folderName, type MigrationText, type TargetRelease } from './target.ts'
import { removeSuperseded, removeTraces } from './traces.ts'
import { untilReachable } from './until-reachable.ts'

/** What the change starts from. */
interface Before {
  installation: Installation | undefined
  /** Of an earlier installation. */
  kept: KeptData | undefined
  migrations: AppliedMigration[]
}

/** One install, update or roll-back. */
export class ReleaseChange {
  readonly #parts: OperationsParts
  readonly #journal: Journal
  readonly #stored: StoredPlan
  readonly #userId: string
  #restorePoint: string | undefined
  /** `unknown` while a commit was not answered: then nothing may be thrown away. */
  #isInstalled: boolean | 'unknown' = false

  constructor(parts: OperationsParts, journal: Journal, stored: StoredPlan, userId: string) {
    this.#parts = parts
    this.#journal = journal
    this.#stored = stored
    this.#userId = userId
  }

  async run(): Promise<void> {
    const { stopping, log } = this.#parts
    const { plan } = this.#stored
    const before = await this.#before()
    const target = await this.#journal.step('verify', () => this.#parts.finder.targetOf(this.#stored))
    let release: PluginRelease | undefined
    try {
      release = await this.#journal.step('prepare', () => this.#prepare(target))
      const old = await this.#swap(target, release, before)
      await this.#journal.step('resume', async () => undefined)
      await this.#journal.step('clean', async () => {
        await old?.stop()
        await untilReachable(stopping, () => removeSuperseded(this.#parts, plan.id)).catch((error: unknown) => log.warn({ err: error, plugin: plan.id }, 'superseded restore points stay until the next change'))
      })
    } catch (error) {
      if (this.#parts.host.current(plan.id) !== release) await release?.stop()
      if (this.#isInstalled === false) await this.#cleanUp(target, before)
      throw error
    }
  }

  async #cleanUp(target: TargetRelease, { installation }: Before): Promise<void> {
    const { stopping, log } = this.#parts
    const { operation } = this.#journal
    await untilReachable(stopping, () => removeTraces(this.#parts, operation)).catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'traces of an operation stay'))
    if (installation?.digest === target.digest || operation.plan.source === 'installed') return
    await rm(join(this.#parts.modulesFolder, folderName(target.manifest, target.digest)), { recursive: true, force: true })
  }

  async #before(): Promise<Before> {
    const { installations, schemas } = this.#parts
    const { id } = this.#stored.plan
    const installation = await installations.get(id)
    return { installation, kept: installation ? undefined : (await installations.kept(id))[0], migrations: await schemas.applied(id) }
  }

  async #prepare(target: TargetRelease): Promise<PluginRelease> {
    await this.#parts.seals.keep(target.digest, target.seal)
    await target.unpack(this.#parts.modulesFolder)
    const release = await this.#parts.load({ manifest: target.manifest, digest: target.digest })
    try {
      await checkHandlers(release)
      return release
    } catch (error) {
      await release.stop()
      throw error
    }
  }

  /** While the plugin's callers wait: its data, then its code. Answers the release that served before. */
  async #swap(target: TargetRelease, release: PluginRelease, before: Before): Promise<PluginRelease | undefined> {
    const { host } = this.#parts
    const { plan } = this.#stored
    await this.#journal.step('pause', () => host.pause(plan.id))
    try {
      await this.#changeData(target, before)
      this.#parts.onGrantsChanged(plan.id)
      const old = await this.#journal.step('switch', async () => host.swap(plan.id, release))
      await this.#journal.step('check', () => this.#check(release)).catch((error: unknown) => this.#takeBack(before, old, error))
      return old
    } finally {
      host.resume(plan.id)
    }
  }

  /** Restore point, then the one transaction in which schema, installation and contributions change. */
  async #changeData(target: TargetRelease, before: Before): Promise<void> {
    const { schemas, stopping } = this.#parts
    const { plan } = this.#stored
    await this.#journal.step('protect', async () => {
      await schemas.ensure(plan.id)
      const { version, digest, manifest } = before.installation ?? before.kept ?? {}
      if (version && digest && manifest) this.#restorePoint = await schemas.protect(plan.id, { version, digest, manifest, granted: before.installation?.granted ?? [] })
    })
    await this.#journal.step('migrate', async () => {
      const { version } = target.manifest
      const source = plan.source === 'file' ? 'file' : 'registry'
      const installation = { version, digest: target.digest, source, state: 'active', manifest: target.manifest, granted: plan.granted ?? before.installation?.granted ?? [], changedBy: this.#userId }
      const staged = await schemas.stage(plan.id, { installation, migrations: recordOf(target.migrations), keptData: null })
      this.#isInstalled = 'unknown'
      try {
        if (plan.dataFrom === 'restore-point') await schemas.restore(await this.#restorePointOf(plan.to), staged)
        else await schemas.change({ pluginId: plan.id, ...pathOnly(schemaPath(before.migrations, target.migrations)), after: afterFiles(target.migrations) }, staged)
        this.#isInstalled = true
      } catch (error) {
        // A connection lost at the commit leaves open which: what can no longer be discarded has happened.
        this.#isInstalled = !(await untilReachable(stopping, () => schemas.discard(staged.changeId)))
        if (!this.#isInstalled) throw error
      }
    })
  }

  async #restorePointOf(version: string | undefined): Promise<string> {
    const point = (await this.#parts.installations.restorePoints(this.#stored.plan.id)).find((candidate) => candidate.version === version && candidate.id !== this.#restorePoint)
    if (!point) throw new OpsFluxError('stale-plan', 'The restore point of the plan is gone. Make a new plan and read it.')
    return point.id
  }

  /** The new release answers: its handlers are there and its entities can be read as requests read them. */
  async #check(release: PluginRelease): Promise<void> {
    await checkHandlers(release)
    await untilReachable(this.#parts.stopping, () => probeEntities(this.#parts.database, release))
  }

  /** After the commit only the restore point leads back: code and data together. */
  async #takeBack(before: Before, old: PluginRelease | undefined, reason: unknown): Promise<never> {
    const { host, stopping } = this.#parts
    const { plan } = this.#stored
    await untilReachable(stopping, () => this.#takeDataBack(before)).catch((cause: unknown) => {
      throw new OpsFluxError('operation-failed', `${plan.name} ${plan.to} is installed, fails its check, and could not be taken back. Roll it back, or uninstall it.`, { cause })
    })
    this.#parts.onGrantsChanged(plan.id)
    host.swap(plan.id, old)
    this.#isInstalled = false
    this.#journal.operation.state = 'returned'
    throw reason
  }

  async #takeDataBack({ installation, kept, migrations }: Before): Promise<void> {
    const { schemas } = this.#parts
    const { plan } = this.#stored
    const staged = await schemas.stage(plan.id, {
      installation: installation ? payloadOf(installation, this.#userId) : null, migrations,
      ...(kept ? { keptData: { version: kept.version, digest: kept.digest, manifest: kept.manifest, rows: kept.rows } } : {}),
    })
    if (this.#restorePoint) await schemas.restore(this.#restorePoint, staged)
    else await schemas.purge(plan.id, staged)
  }
}

const recordOf = (migrations: readonly MigrationText[]): NonNullable<ChangePayload['migrations']> => migrations.map(({ id, upSql, downSql }) => ({ id, sha256: sha256(upSql), downSql }))
const pathOnly = ({ down, up }: ReturnType<typeof schemaPath>) => ({ down, up })
const payloadOf = ({ version, digest, source, state, reason, manifest, granted }: Installation, changedBy: string): NonNullable<ChangePayload['installation']> => ({
  version, digest, source, state, ...(reason ? { reason } : {}), manifest, granted, changedBy,
})
