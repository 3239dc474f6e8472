import type { Logger } from 'pino'
import type { ReleaseEntities } from '@opsflux/data'
import type { AfterHooks } from './after-hooks.ts'
import type { Lease, OutboxConnection } from './outbox-connection.ts'
import type { OutboxRow } from './outbox-row.ts'
import { dueRows, noteFailure, removeRow } from './outbox-statements.ts'
import type { Telling } from './telling.ts'

export interface PluginOutboxParts {
  connection: OutboxConnection
  telling: Telling
  afterHooks: AfterHooks
  /** Answers false, and does nothing, where it does not serve on this host. */
  whileServing(pluginId: string, work: (release: ReleaseEntities) => Promise<void>): Promise<boolean>
  /** Asks the host that has the lease to look again. */
  askOthers(pluginId: string): Promise<void>
  /** Before the next attempt, after so many. */
  backOffMs(attempts: number): number
  log: Logger
}

/** Attempts of a hook before its change is given up. */
export const maxAttempts = 5
/** Records of one plugin whose hooks run at the same time. */
const recordsAtOnce = 4
// Changes come in crowds: one look for all of this time costs a hundredth of a look each.
const lingerMs = 50

/** Tells the changes of one plugin's records, for as long as there are any and this host has the lease. */
export class PluginOutbox {
  readonly #pluginId: string
  readonly #parts: PluginOutboxParts
  readonly #busy = new Map<string, Promise<void>>()
  #running: Promise<void> | undefined
  #isAsked = false
  /** Of something that the host which has the lease may not have heard. */
  #isNews = false
  #problem: unknown
  #hasEnded = false
  #isStopping = false
  #stir: (() => void) | undefined

  constructor(pluginId: string, parts: PluginOutboxParts) {
    this.#pluginId = pluginId
    this.#parts = parts
  }

  /** There may be something new. @param isHeard another host told all of them: telling it on would never end */
  wake({ isHeard = false } = {}): void {
    if (this.#isStopping) return
    this.#isAsked = true
    this.#isNews ||= !isHeard
    this.#stir?.()
    this.#running ??= this.#run().catch((error: unknown) => this.#later(error)).finally(() => {
      this.#running = undefined
      if (this.#isAsked) this.wake({ isHeard: !this.#isNews })
    })
  }

  /** Resolves when hooks that run have ended. Nothing else begins. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#stir?.()
    await this.#running
  }

  /** The database does not answer, or another host has the lease now: the next look is when somebody asks again. */
  #later(error: unknown): void {
    this.#isAsked = this.#isNews = false
    this.#parts.log.warn({ err: error, plugin: this.#pluginId }, 'changes are told later')
  }

  async #run(): Promise<void> {
    const { askOthers, connection } = this.#parts
    const lease = await connection.lease(this.#pluginId)
    if (!lease) {
      const isNews = this.#isNews
      this.#isAsked = this.#isNews = false
      return isNews ? askOthers(this.#pluginId) : undefined
    }
    try {
      while (await this.#look(lease)) await this.#next()
    } finally {
      await Promise.all(this.#busy.values())
      await lease.release()
    }
    this.#throwProblem()
  }

  /** Answers whether to look again: while hooks run, and as long as something new may come at any moment. */
  async #look(lease: Lease): Promise<boolean> {
    this.#throwProblem()
    if (this.#isStopping) return false
    const wasAsked = this.#isAsked
    this.#isAsked = this.#isNews = false
    this.#hasEnded = false
    if (await this.#tell(lease, wasAsked)) {
      const free = recordsAtOnce - this.#busy.size
      const due = free > 0 ? await dueRows(lease, this.#pluginId, [...this.#busy.keys()], free) : []
      for (const row of due) this.#begin(lease, row)
    }
    return this.#busy.size > 0 || wasAsked
  }

  /** What kept a change from being told or its failure from being noted would do so again at once. */
  #throwProblem(): void {
    const problem = this.#problem
    this.#problem = undefined
    if (problem !== undefined) throw problem
  }

  /** False while the plugin does not serve here: then its changes wait. */
  #tell(lease: Lease, wasAsked: boolean): Promise<boolean> {
    const { telling, whileServing } = this.#parts
    return whileServing(this.#pluginId, async (release) => {
      if (wasAsked) await telling.tellAll(lease, release)
    })
  }

  /** Until a hook ends, or a moment after something new came: what comes in crowds is looked at together. */
  async #next(): Promise<void> {
    if (this.#hasEnded) return
    await new Promise<void>((resolve) => {
      let late = this.#isAsked || this.#busy.size === 0 ? setTimeout(resolve, lingerMs) : undefined
      this.#stir = () => {
        if (this.#hasEnded || this.#isStopping) resolve()
        else late ??= setTimeout(resolve, lingerMs)
      }
      if (this.#isStopping) resolve()
    })
    this.#stir = undefined
  }

  #begin(lease: Lease, row: OutboxRow): void {
    const work = this.#deliver(lease, row)
      .catch((error: unknown) => { this.#problem ??= error })
      .finally(() => {
        this.#busy.delete(row.record_id)
        this.#hasEnded = true
        this.#stir?.()
      })
    this.#busy.set(row.record_id, work)
  }

  async #deliver(lease: Lease, row: OutboxRow): Promise<void> {
    const { afterHooks, backOffMs, log } = this.#parts
    const { done, problem } = await afterHooks.deliver(this.#pluginId, row)
    if (problem === undefined) return removeRow(lease, row)
    const attempts = row.attempts + 1
    const isOver = attempts >= maxAttempts
    log[isOver ? 'error' : 'warn']({ plugin: this.#pluginId, entity: row.entity, record: row.record_id, attempts, problem }, isOver ? 'an after-hook was given up' : 'an after-hook failed and is tried again')
    await noteFailure(lease, row, { problem: problem.slice(0, 1_000), done, retryInMs: isOver ? undefined : backOffMs(attempts) })
  }
}
