import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isOpsFluxError, type Operation, type OperationStep } from '@opsflux/sdk'
import { Journal } from './journal.ts'
import type { OperationsParts } from './operation-parts.ts'
import type { StoredPlan } from './planner.ts'
import { ReleaseChange } from './release-change.ts'

const releaseSteps: readonly OperationStep[] = ['verify', 'prepare', 'pause', 'protect', 'migrate', 'switch', 'check', 'resume', 'clean']
const uninstallSteps: readonly OperationStep[] = ['pause', 'migrate', 'switch', 'resume', 'clean']
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
        await journal.step('switch', async () => {
          await this.#parts.installations.setEnabled(plan.id, actor.tenantId, plan.action === 'enable')
          if (plan.action === 'enable') await this.#parts.revive(plan.id)
        })
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
      const rows = await schemas.rowsOf(plan.id)
      await journal.step('migrate', async () => {
        const keptData = { version: installation.version, digest: installation.digest, manifest: installation.manifest, rows }
        const staged = await schemas.stage(plan.id, { installation: null, ...(isPurge ? { migrations: [], keptData: null } : { keptData }) })
        if (isPurge) await schemas.purge(plan.id, staged)
        else await schemas.change({ pluginId: plan.id, down: [], up: [] }, staged)
      })
      await journal.step('switch', async () => { await host.swap(plan.id, undefined)?.stop() })
    } catch (error) {
      host.resume(plan.id)
      await this.#parts.reconcile(plan.id)
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
