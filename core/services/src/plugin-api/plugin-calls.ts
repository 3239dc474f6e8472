import type { Logger } from 'pino'
import type { Actor, EntityEngine, EntityTransaction, HookCaller } from '@opsflux/data'
import type { PluginHost } from '@opsflux/kernel'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import type { Capabilities } from '../capabilities/index.ts'
import { ownKey } from '../hooks/index.ts'
import type { PluginCallContext, PluginRelease } from '../modules/index.ts'
import { WaitBudget, type Outbound } from '../outbound/index.ts'
import { ChainedHooks } from './hook-caller.ts'
import { runLazily } from './lazy-transaction.ts'
import { ServingHooks } from './serving-hooks.ts'
import { SharedTurnstile } from './shared-turnstile.ts'
import { takingPart, type TakingPart } from './taking-part.ts'
import { Turnstile } from './turnstile.ts'

export interface PluginCallsParts {
  host: PluginHost<PluginRelease>
  engine: EntityEngine
  capabilities: Pick<Capabilities, 'namesFor'>
  outbound: Pick<Outbound, 'fetch' | 'secret'>
  /** Plugins serving that the tenant has not switched off. */
  enabledFor: (tenantId: string) => Promise<readonly PluginRelease[]>
  log: Logger
}

interface Use {
  tenantId: string
  /** False when nothing is written: then the plugins that hook what is need not serve. */
  mayWrite?(release: PluginRelease): boolean
}

const callsAtOnce = 5
const callsWaiting = 250
// In a hook the write it belongs to waits, with its rows and its connection: for other servers, all its requests together.
const hookWaitMs = 3_000

/** Runs the code of plugins for a user: routes, and the hooks of what is written. */
export class PluginCalls {
  readonly hooks: ServingHooks
  readonly #parts: PluginCallsParts
  // Of the host's 20 connections to the database: those that plugins may hold, for as long as their code takes, or what their
  // migrations have PostgreSQL work out at each read and write (generated columns, checks).
  readonly #connections = new SharedTurnstile({ places: 15, reserved: 5, maxWaitMs: 10_000 })
  readonly #turnstiles = new WeakMap<PluginRelease, Turnstile>()

  constructor(parts: PluginCallsParts) {
    this.#parts = parts
    this.hooks = new ServingHooks(parts.host, (pluginId, event, cycle) => parts.log.warn({ plugin: pluginId, event, cycle }, 'the hooks of modules wait for each other; they run in the usual order'))
  }

  /** Runs work with the release that serves and those whose hooks its writes may call. @throws not-found, plugin-stopped, module-disabled */
  async use<T>(pluginId: string, { tenantId, mayWrite = () => true }: Use, work: (release: PluginRelease, taking: TakingPart) => Promise<T>): Promise<T> {
    const { enabledFor, host } = this.#parts
    const current = host.current(pluginId)
    const others = current && mayWrite(current) ? this.hooks.othersOf(pluginId) : []
    const enabledNow = others.length > 0 ? (await enabledFor(tenantId)).map((release) => release.pluginId) : []
    return takingPart(host, pluginId, others.filter((id) => enabledNow.includes(id)), async (release, taking) => {
      // Whoever waited while it was installed or updated came under the release before.
      if (!(await enabledFor(tenantId)).includes(release)) throw new OpsFluxError('module-disabled', `${release.manifest.name} is switched off for your organisation.`)
      return work(release, taking)
    })
  }

  /** Keeps a slow module from taking every place: others are served meanwhile. */
  inTurn<T>(release: PluginRelease, work: () => Promise<T>): Promise<T> {
    const turnstile = this.#turnstiles.get(release) ?? new Turnstile(callsAtOnce, callsWaiting)
    this.#turnstiles.set(release, turnstile)
    return turnstile.pass(work)
  }

  withConnection<T>({ pluginId }: PluginRelease, work: () => Promise<T>): Promise<T> {
    return this.#connections.pass(pluginId, work)
  }

  /** Calls a handler that takes a transaction when it first needs one, if ever. */
  async run(release: PluginRelease, taking: TakingPart, actor: Actor, site: string, input: Json, { chain = 0 }: { chain?: number } = {}): Promise<Json> {
    const { sandbox } = release
    if (!sandbox) throw new OpsFluxError('plugin-failed', `${release.manifest.name} has no server code for this.`)
    const info = await this.#info(release, actor)
    const begin: Parameters<typeof runLazily>[1] = (work) => this.withConnection(release, () => this.#parts.engine.run(release.entities, actor, this.hooksOf(release, taking, actor), work, { chain }))
    return runLazily(actor, begin, (transaction) => sandbox.call(site, input, info, this.#context(release, transaction)))
  }

  /** The hooks of what is written to a release's entities; they run inside the transaction of the write they belong to. */
  hooksOf(owner: PluginRelease, taking: TakingPart, actor: Actor): HookCaller {
    const budget = new WaitBudget(hookWaitMs)
    return new ChainedHooks({
      owner, taking, chainsOf: (pluginId) => this.hooks.chainsOf(pluginId),
      run: async (release, { ownerId, entity, event }, input, transaction) => {
        if (!release.sandbox) throw new OpsFluxError('plugin-stopped', `${release.manifest.name} checks every change of ${entity}, and its code does not run now. Try again later.`)
        return release.sandbox.call(`hook:${ownKey(ownerId, entity, release.pluginId)}.${event}`, input, await this.#info(release, actor), this.#context(release, transaction, budget))
      },
    })
  }

  async #info({ pluginId }: PluginRelease, actor: Actor) {
    return {
      user: { id: actor.userId, locale: actor.locale }, tenant: { id: actor.tenantId }, now: new Date().toISOString(),
      granted: await this.#parts.capabilities.namesFor({ pluginId, tenantId: actor.tenantId }),
    }
  }

  #context({ pluginId, version, manifest }: PluginRelease, transaction: EntityTransaction, budget?: WaitBudget): PluginCallContext {
    const { log, outbound } = this.#parts
    const { tenantId, userId } = transaction.actor
    const caller = { pluginId, tenantId, userId, secrets: manifest.secrets ?? [], budget }
    return {
      pluginId, transaction,
      fetch: (url, request, signal) => outbound.fetch({ ...caller, signal }, url, request),
      secret: (name) => outbound.secret(caller, name),
      log: (level, message) => log[level]({ plugin: pluginId, version }, message),
    }
  }
}
