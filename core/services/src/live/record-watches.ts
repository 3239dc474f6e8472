import type { Logger } from 'pino'
import type { Socket } from 'socket.io'
import { abilityOf, type Actor, type EntityEngine, type Notifications } from '@opsflux/data'
import { isOpsFluxError, maxWatches, OpsFluxError, type ClientEvents, type ServerEvents, type WatchAnswer } from '@opsflux/sdk'
import type { PluginRelease } from '../modules/index.ts'
import type { PluginCalls } from '../plugin-api/index.ts'
import { fromMessage, liveChannel, type TellableChange } from './record-message.ts'
import { keyOf, readWatched, Watches, type Watch } from './watches.ts'

export type LiveSocket = Pick<Socket<ClientEvents, ServerEvents>, 'on' | 'emit' | 'connected'>

export interface RecordWatchesParts {
  calls: PluginCalls
  engine: EntityEngine
  enabledFor: (tenantId: string) => Promise<readonly PluginRelease[]>
  notifications: Pick<Notifications, 'on' | 'onReconnected'>
  log: Logger
}

interface Watcher {
  socket: LiveSocket
  /** Undefined when the session has ended. */
  actor(): Promise<Actor | undefined>
}

/** Tells the open pages of this host which of the records they watch were changed, on whichever host. */
export class RecordWatches {
  readonly #parts: RecordWatchesParts
  readonly #watches = new Watches<Watcher>()
  readonly #forget: readonly (() => void)[]
  #telling: Promise<void> = Promise.resolve()

  constructor(parts: RecordWatchesParts) {
    this.#parts = parts
    const { notifications } = parts
    this.#forget = [
      notifications.on(liveChannel, (message) => this.#hear(fromMessage(message))),
      notifications.onReconnected(() => this.#miss()),
    ]
  }

  /** Answers what the socket asks from now on. @param actor as whom its session acts now */
  add(socket: LiveSocket, actor: Watcher['actor']): void {
    const watcher: Watcher = { socket, actor }
    let asked: Promise<unknown> = Promise.resolve()
    let waiting = 0
    socket.on('watch', (watched: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return
      const reply = answer as (given: WatchAnswer) => void
      if (waiting >= maxWatches) return reply(problemOf(tooMany()))
      waiting++
      // One after the other: each may read a record.
      asked = asked.then(() => this.#watch(watcher, watched)).then(() => reply({}), (error: unknown) => reply(this.#problem(error))).finally(() => { waiting-- })
    })
    socket.on('unwatch', (watched: unknown) => {
      const watch = readWatched(watched)
      asked = asked.then(() => watch && this.#watches.remove(watcher, watch))
    })
    socket.on('disconnect', () => this.#watches.removeAll(watcher))
  }

  stop(): void {
    for (const forget of this.#forget) forget()
  }

  /** @throws invalid-request, too-many-requests, not-signed-in, not-found, module-disabled, plugin-stopped, forbidden */
  async #watch(watcher: Watcher, watched: unknown): Promise<void> {
    const watch = readWatched(watched)
    if (!watch) throw new OpsFluxError('invalid-request', 'Say what to watch: { plugin, entity, id? }.')
    if (this.#watches.of(watcher).length >= maxWatches) throw tooMany()
    const actor = await watcher.actor()
    if (!actor) throw new OpsFluxError('not-signed-in', 'The session has ended. Sign in again.')
    await this.#requireSight(actor, watch).catch((error: unknown) => this.#refused(actor, watch, error))
    // It may have gone meanwhile, and nobody would take it off again.
    if (watcher.socket.connected) this.#watches.add(watcher, watch)
  }

  #requireSight(actor: Actor, { plugin, entity: name, id }: Watch): Promise<void> {
    const { calls, engine } = this.#parts
    return calls.use(plugin, { tenantId: actor.tenantId, mayWrite: () => false }, async (release) => {
      const entity = release.entities.entity(name)
      abilityOf(plugin, actor).require('view', entity)
      if (id === undefined) return
      const record = await calls.withConnection(release, () => engine.run(release.entities, actor, undefined, (transaction) => transaction.findOne(name, id)))
      if (!record) throw new OpsFluxError('not-found', `There is no such ${name}, or you may not see it.`)
    })
  }

  /** An id that is asked for in vain is written down, as it is when a request names it. */
  async #refused(actor: Actor, { plugin: pluginId, entity, id }: Watch, error: unknown): Promise<never> {
    const isRefusal = isOpsFluxError(error) && (error.code === 'not-found' || error.code === 'forbidden')
    if (isRefusal && id !== undefined) await this.#parts.engine.noteRefusals(actor, { pluginId, entity }, [{ id, reason: error.code }])
    throw error
  }

  /** Pages read again what they show. */
  #miss(): void {
    for (const { socket } of this.#watches.owners()) socket.emit('records.missed')
  }

  // In the order in which they are heard.
  #hear(changes: readonly TellableChange[]): void {
    this.#telling = this.#telling.then(async () => { for (const change of changes) await this.#tell(change) })
      .catch((error: unknown) => {
        this.#parts.log.warn({ err: error }, 'open pages were not told of a change')
        this.#miss()
      })
  }

  async #tell(change: TellableChange): Promise<void> {
    const { tenant, scope, ...told } = change
    const watchers = this.#watches.on(keyOf(change), change.id)
    if (watchers.length === 0) return
    const release = (await this.#parts.enabledFor(tenant)).find(({ pluginId }) => pluginId === change.plugin)
    if (!release?.entities.has(change.entity)) return
    const entity = release.entities.entity(change.entity)
    for (const { socket, actor: actorOf } of watchers) {
      const actor = await actorOf().catch(() => undefined)
      if (actor?.tenantId === tenant && abilityOf(change.plugin, actor).mayWith('view', entity, scope)) socket.emit('record.changed', told)
    }
  }

  #problem(error: unknown): WatchAnswer {
    if (isOpsFluxError(error)) return problemOf(error)
    this.#parts.log.error({ err: error }, 'a watch failed')
    return { problem: { code: 'internal', detail: 'Something went wrong on the server. Try again.' } }
  }
}

const problemOf = ({ code, message }: OpsFluxError): WatchAnswer => ({ problem: { code, detail: message } })
const tooMany = (): OpsFluxError => new OpsFluxError('too-many-requests', `A page watches at most ${maxWatches} entities and records. End a watch first.`)
