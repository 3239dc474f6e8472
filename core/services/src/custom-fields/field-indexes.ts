import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { customIndexesOf, customIndexName, dropCustomIndex, makeCustomIndex, type CustomIndex, type Database } from '@opsflux/data'
import { isOpsFluxError, type CustomField } from '@opsflux/sdk'

interface WantedIndex extends CustomIndex {
  state: NonNullable<CustomField['indexState']>
}

export interface FieldIndexesParts {
  database: Database
  log: Logger
  /** Before the second and third attempt. Default 1 and 5 seconds. */
  retryDelaysMs?: readonly number[]
  /** Until the next look while another host, or a change of the module, works on the same tables. Default 500. */
  busyMs?: number
}

// 57P01: the session was ended by a change of the module, which goes first.
const isBusy = (error: unknown): boolean => isOpsFluxError(error) ? error.code === 'operation-in-progress' : error instanceof Error && 'code' in error && error.code === '57P01'

/**
 * Makes the indexes in the tables of plugins what the fields ask for: while people go on writing, one at a time per plugin over all hosts,
 * and again after whatever interrupted it. What there is to do is read from the database each time, so nothing is lost with a host.
 */
export class FieldIndexes {
  readonly #database: Database
  readonly #log: Logger
  readonly #retryDelaysMs: readonly number[]
  readonly #busyMs: number
  readonly #stopping = new AbortController()
  /** By plugin; a further wish while it runs makes it look once more. */
  readonly #running = new Map<string, { work: Promise<void>; again: boolean }>()

  constructor({ database, log, retryDelaysMs = [1_000, 5_000], busyMs = 500 }: FieldIndexesParts) {
    this.#database = database
    this.#log = log
    this.#retryDelaysMs = retryDelaysMs
    this.#busyMs = busyMs
  }

  /** Goes on where a host stopped. */
  async resumeAll(): Promise<void> {
    const { rows } = await this.#database.admin.query<{ plugin_id: string }>('select distinct plugin_id from opsflux.custom_field where indexed')
    await Promise.all(rows.map((row) => this.settle(row.plugin_id)))
  }

  /** Answers when the indexes are as the fields ask, or have failed. Never throws. */
  settle(pluginId: string): Promise<void> {
    const running = this.#running.get(pluginId)
    if (running) {
      running.again = true
      return running.work
    }
    const started = { work: Promise.resolve(), again: false }
    this.#running.set(pluginId, started)
    started.work = this.#settle(pluginId, started)
    return started.work
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#running.values()].map(({ work }) => work))
  }

  async #settle(pluginId: string, run: { again: boolean }): Promise<void> {
    do {
      run.again = false
      try {
        await this.#compare(pluginId)
      } catch (error) {
        if (this.#stopping.signal.aborted) break
        run.again ||= isBusy(error)
        if (isBusy(error)) await delay(this.#busyMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
        else this.#log.error({ err: error, plugin: pluginId }, 'indexes of custom fields not looked at')
      }
    } while (run.again && !this.#stopping.signal.aborted)
    // With the last look at `again`: a wish that comes now begins anew.
    this.#running.delete(pluginId)
  }

  async #compare(pluginId: string): Promise<void> {
    const [wanted, there] = [await this.#wanted(pluginId), await customIndexesOf(this.#database, pluginId)]
    const names = new Set(wanted.map(({ id }) => customIndexName(id)))
    for (const name of there.keys()) if (!names.has(name)) await dropCustomIndex(this.#database, pluginId, name, this.#stopping.signal)
    for (const index of wanted) {
      if (there.get(customIndexName(index.id)) === true) await this.#note(index, 'ready')
      else if (index.state !== 'failed') await this.#make(index)
    }
  }

  async #wanted(pluginId: string): Promise<WantedIndex[]> {
    const { rows } = await this.#database.admin.query<WantedIndex>(
      `select id, tenant_id as "tenantId", plugin_id as "pluginId", entity, name, kind, index_state as state from opsflux.custom_field
       where plugin_id = $1 and indexed and deleted_at is null order by created_at`, [pluginId])
    return rows
  }

  async #make(index: WantedIndex): Promise<void> {
    // One that was lost with its table, or by a roll-back, is no longer relied on.
    await this.#note(index, 'building')
    for (let attempt = 0; ; attempt++) {
      try {
        if (await makeCustomIndex(this.#database, index, this.#stopping.signal)) await this.#note(index, 'ready')
        return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        if (isBusy(error)) throw error
        this.#log.warn({ err: error, plugin: index.pluginId, entity: index.entity, field: index.name, attempt }, 'index of a custom field not made')
        const wait = this.#retryDelaysMs[attempt]
        if (wait === undefined) return this.#note(index, 'failed')
        await delay(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
  }

  // Only when it changes something: each change is told to every host.
  async #note({ id }: WantedIndex, state: WantedIndex['state']): Promise<void> {
    await this.#database.admin.query('update opsflux.custom_field set index_state = $2 where id = $1 and indexed and deleted_at is null and index_state <> $2', [id, state])
  }
}
