import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isOpsFluxError, type ChangeAction, type Operation, type OperationStep } from '@opsflux/sdk'
import { eraseSecrets } from '../secrets/index.ts'
import type { Installation } from './installations.ts'
import { Journal } from './journal.ts'
import type { OperationsParts } from './operation-parts.ts'
import type { StoredPlan } from './release-finder.ts'
import { ReleaseChange } from './release-change.ts'
import { RepairChange } from './repair-change.ts'
import { removeTraces } from './traces.ts'
import { untilReachable } from './until-reachable.ts'

const releaseSteps: readonly OperationStep[] = ['verify', 'prepare', 'pause', 'protect', 'migrate', 'switch', 'check', 'resume', 'clean']
const uninstallSteps: readonly OperationStep[] = ['pause', 'migrate', 'switch', 'resume', 'clean']
const switchSteps: readonly OperationStep[] = ['switch']
const repairSteps: readonly OperationStep[] = ['verify', 'prepare', 'pause', 'switch', 'check', 'resume', 'clean']
const stepsOf: Record<ChangeAction, readonly OperationStep[]> = {
  install: releaseSteps, update: releaseSteps, rollback: releaseSteps, uninstall: uninstallSteps, enable: switchSteps, disable: switchSteps, repair: repairSteps,
}

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
    const journal = await Journal.open({ ...this.#parts, admin: this.#parts.database.admin }, plan, stepsOf[plan.action], actor.userId)
    await this.#assertFresh(journal)
    const started = structuredClone(journal.operation)
    const run = this.#parts.locks.run(plan.id, () => this.#run(journal, stored, actor)).finally(() => {
      this.#running.delete(run)
      this.#parts.onEnded()
    })
    this.#running.add(run)
    return started
  }

  /** Another operation may have ended between the look at the plan and the opening of this one. */
  async #assertFresh(journal: Journal): Promise<void> {
    try {
      await this.#parts.planner.take(journal.operation.plan.hash)
    } catch (error) {
      await journal.end('failed', error)
      throw error
    }
  }

  /** Resolves when no operation of this host is running. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #run(journal: Journal, stored: StoredPlan, actor: { userId: string; tenantId: string }): Promise<void> {
    const { plan } = stored
    const { host, onModulesChanged } = this.#parts
    try {
      if (plan.action === 'uninstall') await this.#uninstall(journal, stored)
      else if (plan.action === 'enable' || plan.action === 'disable') {
        await journal.step('switch', async () => {
          if (plan.action === 'enable') await this.#parts.revive(plan.id)
          await this.#parts.installations.setEnabled(plan.id, actor.tenantId, plan.action === 'enable')
        })
      } else if (plan.action === 'repair') await new RepairChange(this.#parts, journal).run()
      else await new ReleaseChange(this.#parts, journal, stored, actor.userId).run()
      // Before the end is told: whoever waited for it finds everything changed.
      onModulesChanged(plan.id, host.current(plan.id)?.version)
      await journal.end('succeeded')
    } catch (error) {
      await this.#fail(journal, error)
    }
  }

  async #fail(journal: Journal, error: unknown): Promise<void> {
    const { plan, state } = journal.operation
    const { host, log, stopping, onModulesChanged, reconcile } = this.#parts
    this.#logFailure(journal.operation, error)
    try {
      await untilReachable(stopping, () => reconcile(plan.id))
      onModulesChanged(plan.id, host.current(plan.id)?.version)
      await journal.end(state === 'returned' ? 'returned' : 'failed', error)
    } catch (cause) {
      // Still open in the journal: the next start of this host ends it.
      log.error({ err: cause, operation: journal.operation.id }, 'operation not ended')
    }
  }

  async #uninstall(journal: Journal, { plan, request }: StoredPlan): Promise<void> {
    const { host, installations, stopping } = this.#parts
    const installation = await installations.get(plan.id)
    if (!installation) throw new Error('The plan was checked against an installation that is gone.')
    const isPurge = request.data === 'purge'
    await journal.step('pause', () => host.pause(plan.id))
    try {
      await journal.step('migrate', () => this.#removeData(installation, isPurge))
      await journal.step('switch', async () => { await host.swap(plan.id, undefined)?.stop() })
    } catch (error) {
      await untilReachable(stopping, () => removeTraces(this.#parts, journal.operation))
      throw error
    } finally {
      host.resume(plan.id)
    }
    await journal.step('resume', async () => undefined)
    await journal.step('clean', async () => {
      if (!isPurge) return
      await untilReachable(stopping, () => eraseSecrets(this.#parts.database.admin, plan.id))
      await rm(join(this.#parts.modulesFolder, plan.id), { recursive: true, force: true })
    })
  }

  async #removeData({ pluginId, version, digest, manifest }: Installation, isPurge: boolean): Promise<void> {
    const { schemas, stopping } = this.#parts
    const keptData = { version, digest, manifest, rows: await schemas.rowsOf(pluginId) }
    const staged = await schemas.stage(pluginId, { installation: null, ...(isPurge ? { migrations: [], keptData: null } : { keptData }) })
    try {
      if (isPurge) await schemas.purge(pluginId, staged)
      else await schemas.change({ pluginId, down: [], up: [] }, staged)
    } catch (error) {
      if (await untilReachable(stopping, () => schemas.discard(staged.changeId))) throw error
      // It was committed, and the connection lost on the way to what follows.
      if (isPurge) await untilReachable(stopping, () => schemas.purge(pluginId))
    }
  }

  #logFailure(operation: Operation, error: unknown): void {
    const level = isOpsFluxError(error) ? 'warn' : 'error'
    this.#parts.log[level]({ err: error, operation: operation.id, plugin: operation.plan.id, action: operation.plan.action }, 'operation failed')
  }
}
