import type { Logger } from 'pino'
import type { EntityEngine, Notifications } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import type { PluginRelease } from '../modules/index.ts'
import { AfterHooks, type AfterHooksParts } from './after-hooks.ts'
import { OutboxConnection } from './outbox-connection.ts'
import { pluginsWaiting, sweepOutbox } from './outbox-statements.ts'
import { PluginOutbox, type PluginOutboxParts } from './plugin-outbox.ts'
import { Telling } from './telling.ts'

export interface OutboxParts extends AfterHooksParts {
  /** Of the administrator's role. */
  databaseUrl: string
  engine: EntityEngine
  host: PluginHost<PluginRelease>
  notifications: Pick<Notifications, 'on'>
  log: Logger
  /** Before the next attempt, after so many. Default: 1, 4, 16 and 64 seconds. */
  backOffMs?: PluginOutboxParts['backOffMs']
}

const channel = 'opsflux_outbox'
// For what hosts left that are gone, and hooks that are to be tried again.
const pollMs = 1_000
const sweepMs = 3_600_000

/**
 * Tells what was committed to after-hooks and open pages: at least once, the changes of one record in their order. Of all hosts one
 * at a time tells those of a plugin. One record that waits for its hooks keeps no other waiting.
 */
export class Outbox {
  readonly #parts: PluginOutboxParts
  readonly #connection: OutboxConnection
  readonly #plugins = new Map<string, PluginOutbox>()
  readonly #timers: NodeJS.Timeout[]
  readonly #unlisten: () => void
  #polling: Promise<void> | undefined
  #isStopping = false

  constructor({ databaseUrl, engine, host, notifications, log, backOffMs = (attempts) => 1_000 * 4 ** (attempts - 1), ...parts }: OutboxParts) {
    const connection = new OutboxConnection(databaseUrl)
    const afterHooks = new AfterHooks(parts)
    this.#connection = connection
    this.#parts = {
      connection, afterHooks, backOffMs, log, telling: new Telling({ engine, afterHooks }),
      whileServing: (pluginId, work) => whileServing(host, pluginId, work),
      askOthers: async (pluginId) => { await connection.query('select pg_notify($1, $2)', [channel, pluginId]) },
    }
    this.#unlisten = notifications.on(channel, (pluginId) => this.#wake(pluginId, { isHeard: true }))
    this.#timers = [setInterval(() => this.poll(), pollMs).unref(), setInterval(() => this.#sweep(), sweepMs).unref()]
    this.#sweep()
    this.poll()
  }

  /** Records of these plugins were written. */
  wake(pluginIds: Iterable<string>): void {
    for (const pluginId of pluginIds) this.#wake(pluginId)
  }

  /** Looks for what nobody was woken for. */
  poll(): void {
    this.#polling ??= pluginsWaiting(this.#connection).then((pluginIds) => this.wake(pluginIds)).catch((error: unknown) => this.#report(error)).finally(() => { this.#polling = undefined })
  }

  /** Resolves when the hooks that run have ended; what is left is told by another host, or at the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#unlisten()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#polling
    await Promise.all([...this.#plugins.values()].map((plugin) => plugin.stop()))
    await this.#connection.close()
  }

  #wake(pluginId: string, options?: { isHeard: boolean }): void {
    if (this.#isStopping) return
    const known = this.#plugins.get(pluginId) ?? new PluginOutbox(pluginId, this.#parts)
    this.#plugins.set(pluginId, known)
    known.wake(options)
  }

  #sweep(): void {
    sweepOutbox(this.#connection).catch((error: unknown) => this.#report(error))
  }

  #report(error: unknown): void {
    if (!this.#isStopping) this.#parts.log.warn({ err: error }, 'the outbox is not read')
  }
}

async function whileServing(host: PluginHost<PluginRelease>, pluginId: string, work: Parameters<PluginOutboxParts['whileServing']>[1]): Promise<boolean> {
  if (!host.current(pluginId)) return false
  await host.use(pluginId, ({ entities }) => work(entities))
  return true
}
