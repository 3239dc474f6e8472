import type { Json } from '@opsflux/sdk'
import { ActiveCall } from './active-call.ts'
import type { CallInfo, CallRequest } from './active-call.ts'
import { DeathRecord } from './deaths.ts'
import type { DeathReason, SandboxEvent, SandboxState } from './events.ts'
import { failuresOf } from './failures.ts'
import type { Failures } from './failures.ts'
import { GuestClock } from './guest-clock.ts'
import { readHandlers } from './handlers.ts'
import type { SandboxHandlers } from './handlers.ts'
import { HostCallDesk } from './host-call-desk.ts'
import { defaultLimits } from './limits.ts'
import type { SandboxLimits } from './limits.ts'
import type { PluginSandboxOptions } from './options.ts'
import type { SandboxProcess } from './process.ts'
import { readResult } from './result.ts'
import { findHardening, startChild } from './start-child.ts'
import { frameKind } from './wire.ts'

const tickMs = 50

interface Checker { resolve(handlers: SandboxHandlers): void; reject(error: unknown): void }

/**
 * Runs one release of one plugin in a child process of its own. `C` is what a caller gives with each call and host calls get
 * back: its transaction. Whatever the plugin does costs at most its own calls: see `SandboxLimits`.
 */
export class PluginSandbox<C> {
  #options: PluginSandboxOptions<C>
  #limits: SandboxLimits
  #failures: Failures
  #desk: HostCallDesk<C>
  #state: SandboxState = 'idle'
  #process: SandboxProcess | undefined
  #handlers: SandboxHandlers | undefined
  #active = new Map<number, ActiveCall<C>>()
  #waiting: CallRequest<C>[] = []
  #checkers: Checker[] = []
  #deaths = new DeathRecord()
  #clock: GuestClock<C>
  #lastCall = 0
  #run = 0
  #ticker: NodeJS.Timeout | undefined
  #delay: NodeJS.Timeout | undefined
  #lastTick = 0
  #startedAt = 0
  #startingMs = 0
  #idleMs = 0

  constructor(options: PluginSandboxOptions<C>) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#failures = failuresOf(options.pluginId, this.#limits)
    this.#clock = new GuestClock(this.#limits.callMs)
    this.#desk = new HostCallDesk({
      table: options.hostCalls,
      limits: this.#limits,
      log: ({ request }, line) => this.#emit({ type: 'log', site: request.site, tenant: request.info.tenant.id, user: request.info.user.id, ...line }),
    })
  }

  get state(): SandboxState {
    return this.#state
  }

  /**
   * Calls a handler: site `hook:incident.beforeCreate` or `route:rates`. Starts the child if there is none. When it settles, no
   * host call made on its behalf runs any more: `context`'s transaction may end.
   * @throws refused-by-module, plugin-failed, plugin-timeout, plugin-stopped, payload-too-large, and whatever a host call threw that the plugin let through.
   */
  call(site: string, input: Json, info: CallInfo, context: C): Promise<Json> {
    const { user, tenant, now, granted } = info
    const text = JSON.stringify({ site, input, info: { user: { id: user.id, locale: user.locale }, tenant: { id: tenant.id }, now, granted } })
    return new Promise((resolve, reject) => {
      if (Buffer.byteLength(text) > this.#limits.messageBytes) reject(this.#failures.tooLarge(site))
      else this.#accept({ site, text, info, context, retried: false, resolve, reject })
    })
  }

  /** Starts the module if need be and says which handlers it exports. @throws plugin-failed, plugin-timeout, plugin-stopped */
  check(): Promise<SandboxHandlers> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'stopped') reject(this.#failures.stopped())
      else if (this.#handlers) resolve(this.#handlers)
      else {
        this.#checkers.push({ resolve, reject })
        this.#startIfIdle()
      }
    })
  }

  /** Kills the child. Calls, those in flight too, are answered `plugin-stopped` until `restart`. */
  async stop(): Promise<void> {
    await this.#stop('ended by the host')
  }

  /** Forgets the deaths; the next call starts a child. */
  restart(): void {
    this.#deaths.clear()
    if (this.#state === 'stopped') this.#enter('idle')
  }

  #accept(request: CallRequest<C>): void {
    if (this.#state === 'stopped') request.reject(this.#failures.stopped())
    else if (this.#state === 'running' && this.#active.size < this.#limits.callsInFlight && this.#waiting.length === 0) this.#launch(request)
    else if (this.#waiting.length >= this.#limits.callsWaiting) request.reject(this.#failures.busy())
    else {
      this.#waiting.push(request)
      this.#startIfIdle()
    }
  }

  #launch(request: CallRequest<C>): void {
    this.#lastCall = (this.#lastCall % 0xffff_fffe) + 1
    const call = new ActiveCall(this.#lastCall, request)
    this.#active.set(call.id, call)
    this.#enterGuest(frameKind.call, call.id, 0, request.text)
  }

  #enterGuest(kind: number, call: number, hostCall: number, text: string): void {
    this.#clock.entered(call)
    this.#process?.send(kind, call, hostCall, text)
  }

  #launchWaiting(): void {
    while (this.#state === 'running' && this.#active.size < this.#limits.callsInFlight) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#launch(next)
    }
  }

  #startIfIdle(): void {
    if (this.#state === 'idle') void this.#start()
  }

  async #start(): Promise<void> {
    this.#enter('starting')
    this.#run += 1
    const run = this.#run
    this.#startedAt = performance.now()
    this.#startingMs = 0
    const { pluginId, source, entities } = this.#options
    try {
      const hardening = await findHardening(pluginId)
      if (run !== this.#run) return
      this.#emit({ type: 'hardening', applied: hardening.applied, missing: hardening.missing })
      this.#process = startChild({
        source,
        entities,
        limits: this.#limits,
        hardening,
        listeners: { frame: (...frame) => this.#receive(...frame), died: (reason, detail) => this.#died(reason, detail) },
      })
      this.#lastTick = performance.now()
      this.#ticker = setInterval(() => this.#tick(), tickMs).unref()
    } catch (error) {
      if (run === this.#run) this.#died('start', error instanceof Error ? error.message : 'unknown')
    }
  }

  #receive(kind: number, id: number, hostCall: number, payload: string): void {
    if (kind === frameKind.ready && this.#state === 'starting') this.#ready(payload)
    else if (kind === frameKind.refused && this.#state === 'starting') this.#process?.kill('start', payload.slice(0, 500))
    else if (kind === frameKind.note) this.#emit({ type: 'unhandled-rejection', message: payload.slice(0, 500) })
    else if (kind === frameKind.result) this.#answer(id, payload)
    else if (kind === frameKind.failed) this.#finish(id, (call) => call.request.reject(this.#failures.fromGuest(call.request.site, payload, call.failures)))
    else if (kind === frameKind.hostCall) this.#hostCall(id, hostCall, payload)
    else if (kind === frameKind.done) this.#clock.done()
    else this.#process?.kill('protocol', `it sent a message of kind ${kind}`)
  }

  #ready(payload: string): void {
    try {
      this.#handlers = readHandlers(payload)
    } catch {
      this.#process?.kill('start', 'its list of handlers cannot be read')
      return
    }
    this.#emit({ type: 'started', pid: this.#process?.pid ?? 0, startMs: performance.now() - this.#startedAt })
    this.#idleMs = 0
    this.#startingMs = 0
    this.#enter('running')
    for (const checker of this.#checkers.splice(0)) checker.resolve(this.#handlers)
    this.#launchWaiting()
  }

  #hostCall(id: number, hostCall: number, payload: string): void {
    // Of a call that has ended: too late.
    const call = this.#active.get(id)
    if (!call) return
    const fault = this.#desk.receive(call, hostCall, payload, (kind, text) => this.#enterGuest(kind, id, hostCall, text))
    if (fault !== undefined) this.#process?.kill('protocol', fault)
  }

  #answer(id: number, payload: string): void {
    const call = this.#active.get(id)
    if (!call) return
    try {
      const value = readResult(call, payload, this.#limits.messageBytes, this.#failures, this.#options.hostCalls)
      this.#finish(id, () => call.request.resolve(value))
    } catch (error) {
      this.#finish(id, () => call.request.reject(error))
    }
  }

  #finish(id: number, settle: (call: ActiveCall<C>) => void): void {
    const call = this.#active.get(id)
    if (!call) return
    this.#active.delete(id)
    this.#idleMs = 0
    this.#deaths.succeeded()
    this.#settle(call, () => settle(call))
    this.#launchWaiting()
  }

  #settle(call: ActiveCall<C>, act: () => void): void {
    call.ended = true
    if (call.unanswered.size === 0) act()
    else void call.quiet().then(act)
  }

  #tick(): void {
    const now = performance.now()
    // When the host itself was held up, what the child sent meanwhile is not read yet: that time is not the plugin's.
    const elapsedMs = Math.min(now - this.#lastTick, 2 * tickMs)
    this.#lastTick = now
    if (this.#state === 'starting') this.#startingMs += elapsedMs
    if (this.#startingMs > this.#limits.startMs) this.#process?.kill('timeout', `it did not start within ${this.#limits.startMs} ms`)
    else if (this.#active.size > 0 || this.#state === 'starting') this.#watch(elapsedMs)
    else {
      // A child that grew slowly is replaced between two calls, before it would have to be killed in one.
      const hasGrown = this.#idleMs === 0 && (this.#process?.residentMb() ?? 0) > this.#limits.memoryMb / 2
      this.#idleMs += elapsedMs
      if (hasGrown || this.#idleMs >= this.#limits.idleMs) this.#rest()
    }
  }

  #watch(elapsedMs: number): void {
    const residentMb = this.#process?.residentMb() ?? 0
    if (residentMb > this.#limits.memoryMb) {
      this.#process?.kill('memory', `it used ${Math.round(residentMb)} MB of ${this.#limits.memoryMb} MB`)
      return
    }
    const overdue = this.#clock.charge(this.#active, elapsedMs)
    if (overdue !== undefined) {
      this.#process?.kill('timeout', `${overdue} ran longer than ${this.#limits.callMs} ms`)
      return
    }
    for (const call of this.#active.values()) {
      call.wallMs += elapsedMs
      // The host's answers took the time: the child is not to blame.
      if (call.wallMs > this.#limits.wallMs) this.#finish(call.id, () => call.request.reject(this.#failures.timeout(call.request.site)))
    }
  }

  #died(reason: DeathReason, detail: string): void {
    const wasStarting = this.#state === 'starting'
    const { running } = this.#clock
    this.#forgetProcess()
    const calls = [...this.#active.values()]
    this.#active.clear()
    const deaths = this.#deaths.add()
    this.#emit({ type: 'death', reason, detail, sites: calls.map((call) => call.request.site), deaths })
    this.#enter('backing-off')
    // A module that does not start would only be started again for each of them.
    if (wasStarting) this.#refuseWaiting(this.#failures.start(reason, detail))
    for (const call of calls) this.#afterDeath(call, reason, call.id === running || this.#clock.isOverdue(call))
    if (this.#deaths.shouldStop) void this.#stop(`${deaths} deaths in ten minutes, the last: ${detail}`)
    else this.#waitBeforeStart()
  }

  /** Whoever was merely near is tried once more, if it cannot do anything twice. */
  #afterDeath(call: ActiveCall<C>, reason: DeathReason, isCulprit: boolean): void {
    const { request } = call
    const retry = !isCulprit && !request.retried && !call.wrote && !this.#deaths.shouldStop
    if (retry) this.#emit({ type: 'retried', site: request.site })
    this.#settle(call, () => {
      if (retry) this.#accept({ ...request, retried: true })
      else request.reject(isCulprit && reason === 'timeout' ? this.#failures.timeout(request.site) : this.#failures.died(request.site, reason))
    })
  }

  #waitBeforeStart(): void {
    const startWanted = (): void => {
      this.#enter('idle')
      if (this.#waiting.length > 0 || this.#checkers.length > 0) this.#startIfIdle()
    }
    if (this.#deaths.delayMs === 0) startWanted()
    else this.#delay = setTimeout(startWanted, this.#deaths.delayMs)
  }

  #rest(): void {
    const child = this.#process
    this.#forgetProcess()
    void child?.dismiss()
    this.#enter('idle')
  }

  async #stop(reason: string): Promise<void> {
    const child = this.#process
    this.#run += 1
    this.#forgetProcess()
    clearTimeout(this.#delay)
    if (this.#state !== 'stopped') {
      this.#enter('stopped')
      this.#emit({ type: 'stopped', reason })
    }
    const calls = [...this.#active.values()]
    this.#active.clear()
    for (const call of calls) this.#settle(call, () => call.request.reject(this.#failures.stopped()))
    this.#refuseWaiting(this.#failures.stopped())
    await child?.dismiss()
  }

  #refuseWaiting(error: unknown): void {
    for (const request of this.#waiting.splice(0)) request.reject(error)
    for (const checker of this.#checkers.splice(0)) checker.reject(error)
  }

  #forgetProcess(): void {
    this.#process = undefined
    this.#handlers = undefined
    this.#clock.reset()
    clearInterval(this.#ticker)
  }

  #enter(state: SandboxState): void {
    if (this.#state === state) return
    this.#state = state
    this.#emit({ type: 'state', state })
  }

  #emit(event: SandboxEvent): void {
    this.#options.onEvent?.(event)
  }
}
