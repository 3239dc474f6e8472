import type { Actor } from '@opsflux/data'
import { isOpsFluxError } from '@opsflux/sdk'
import { ownKey } from '../hooks/index.ts'
import type { PluginRelease } from '../modules/index.ts'
import type { PluginCalls } from '../plugin-api/index.ts'
import { afterEvents, afterPayload } from './after-events.ts'
import type { OutboxRow } from './outbox-row.ts'

export interface AfterHooksParts {
  calls: PluginCalls
  /** Who made a change, with the rights he has now. */
  actorFor(tenantId: string, userId: string): Promise<Actor>
  enabledFor: (tenantId: string) => Promise<readonly PluginRelease[]>
}

/** Changes by after-hooks that follow from each other, so that two that change each other's records come to an end. */
const maxChain = 10
const chainOf = ({ payload }: Pick<OutboxRow, 'payload'>): number => payload.chain ?? 0

/** What became of the hooks of one change. */
export interface Delivery {
  /** As `<plugin>:<event>`. */
  done: string[]
  /** Why some have not run to their end. */
  problem?: string
}

/** The after-hooks of all plugins, each in a transaction of its own. */
export class AfterHooks {
  readonly #parts: AfterHooksParts

  constructor(parts: AfterHooksParts) {
    this.#parts = parts
  }

  /** Whether any plugin that serves the tenant has a hook for it. */
  async wants(ownerId: string, row: Pick<OutboxRow, 'tenant_id' | 'entity' | 'action' | 'payload'>): Promise<boolean> {
    const hooks = this.#hooksOf(ownerId, row)
    if (hooks.length === 0) return false
    const enabled = await this.#parts.enabledFor(row.tenant_id)
    return hooks.some(({ pluginId }) => enabled.some((release) => release.pluginId === pluginId))
  }

  /** Runs those that have not run. One that fails keeps no other from running. */
  async deliver(ownerId: string, row: OutboxRow): Promise<Delivery> {
    const delivery: Delivery = { done: [...row.done] }
    if (chainOf(row) >= maxChain) return { ...delivery, problem: `More than ${maxChain} after-hooks lead from one to the other: they change each other's records without end.` }
    const enabled = await this.#parts.enabledFor(row.tenant_id)
    for (const { pluginId, event } of this.#hooksOf(ownerId, row)) {
      const name = `${pluginId}:${event}`
      if (delivery.done.includes(name) || !enabled.some((release) => release.pluginId === pluginId)) continue
      const problem = await this.#run(pluginId, ownerId, event, row)
      if (problem === undefined) delivery.done.push(name)
      else delivery.problem ??= `${name}: ${problem}`
    }
    return delivery
  }

  /** Answers why it did not run to its end. One that was switched off or taken away meanwhile has no hooks. */
  async #run(pluginId: string, ownerId: string, event: string, row: OutboxRow): Promise<string | undefined> {
    const { actorFor, calls } = this.#parts
    let hasBegun = false
    try {
      await calls.use(pluginId, { tenantId: row.tenant_id }, async (release, taking) => {
        hasBegun = true
        const actor = await actorFor(row.tenant_id, row.user_id)
        await calls.inTurn(release, () => calls.run(release, taking, actor, `hook:${ownKey(ownerId, row.entity, pluginId)}.${event}`, afterPayload(event, row), { chain: chainOf(row) + 1 }))
      })
    } catch (error) {
      if (!hasBegun && isOpsFluxError(error) && (error.code === 'module-disabled' || error.code === 'not-found')) return undefined
      return error instanceof Error ? error.message : 'it failed'
    }
    return undefined
  }

  #hooksOf(ownerId: string, row: Pick<OutboxRow, 'entity' | 'action' | 'payload'>): { pluginId: string; event: string }[] {
    const chains = this.#parts.calls.hooks.chainsOf(ownerId)
    return afterEvents(row).flatMap((event) => (chains.get(`${row.entity}.${event}`) ?? []).map((pluginId) => ({ pluginId, event })))
  }
}
