import type { Json } from '@opsflux/sdk'
import type { CallInfo } from './active-call.ts'
import { CallDispatch } from './call-dispatch.ts'
import { CallTraffic } from './call-traffic.ts'
import { ChildLife } from './child-life.ts'
import { ChildWatch } from './child-watch.ts'
import { CurrentLimits } from './current-limits.ts'
import type { SandboxEvent, SandboxState } from './events.ts'
import { failuresOf } from './failures.ts'
import type { Failures } from './failures.ts'
import { HandlerChecks } from './handler-checks.ts'
import type { SandboxHandlers } from './handlers.ts'
import { HostCallDesk } from './host-call-desk.ts'
import type { SandboxLimits } from './limits.ts'
import type { PluginSandboxOptions } from './options.ts'
import { maxFrameBytes } from './start-child.ts'
import { frameKind } from './wire.ts'

const maxNotes = 20

/**
 * Runs one release of one plugin in a child process of its own. `C` is what a caller gives with each call and host calls get
 * back: its transaction. Whatever the plugin does costs at most its own calls: see `SandboxLimits`.
 */
export class PluginSandbox<C> {
  #options: PluginSandboxOptions<C>
  #limits: CurrentLimits
  #failures: Failures
  #life: ChildLife
  #traffic: CallTraffic<C>
  #dispatch: CallDispatch<C>
  #watch: ChildWatch<C>
  #checks = new HandlerChecks()
  #notes = 0

  constructor(options: PluginSandboxOptions<C>) {
    const { pluginId, hostCalls } = options
    this.#options = options
    this.#limits = new CurrentLimits(options.limits ?? {})
    const limits = (): SandboxLimits => this.#limits.value
    const emit = (event: SandboxEvent): void => options.onEvent?.(event)
    const failures = failuresOf(pluginId, limits)
    const desk = new HostCallDesk<C>({
      table: hostCalls,
      authorise: (check) => options.authorise?.(check) ?? check.call.granted.includes(check.capability),
      refused: ({ request: { info } }, capability, hostCall) => emit({ type: 'refused', capability, hostCall, tenant: info.tenant.id, user: info.user.id }),
      log: ({ request: { site, info } }, line) => emit({ type: 'log', site, tenant: info.tenant.id, user: info.user.id, ...line }),
    })
    this.#failures = failures
    const life = new ChildLife({
      plugin: options, limits, emit,
      spawned: (child) => {
        this.#traffic.begin()
        this.#limits.started()
        this.#notes = 0
        this.#watch.start(child)
      },
      running: (handlers) => this.#running(handlers),
      frame: (...frame) => this.#receive(...frame),
      gone: () => {
        this.#checks.forget()
        this.#watch.stop()
      },
      sites: () => this.#traffic.sites,
      died: (death) => {
        if (death.wasStarting) this.#checks.refuse(failures.start(death.reason, death.detail))
        this.#watch.forgive()
        this.#dispatch.died(death)
      },
      stopped: () => {
        this.#checks.refuse(failures.stopped())
        this.#dispatch.stopped()
      },
      isWanted: () => this.#checks.isWaiting || this.#dispatch.isWaiting,
    })
    this.#life = life
    const traffic = new CallTraffic<C>({
      limits, failures, hostCalls, desk,
      child: () => life.child,
      ended: () => {
        this.#watch.used()
        life.succeeded()
        this.#dispatch.launchWaiting()
      },
    })
    this.#traffic = traffic
    const dispatch = new CallDispatch<C>({ limits, failures, life, traffic, emit })
    this.#dispatch = dispatch
    this.#watch = new ChildWatch<C>({ limits, traffic, age: (elapsedMs) => dispatch.age(elapsedMs), rest: () => life.rest() })
  }

  get state(): SandboxState {
    return this.#life.state
  }

  /**
   * Calls a handler: site `hook:incident.beforeCreate`, `route:rates` or `job:nightly`. Starts the child if there is none. When it
   * settles, no host call made on its behalf runs any more: `context`'s transaction may end. Until then `input` must stay as it is.
   * @throws refused-by-module, plugin-failed, plugin-timeout, plugin-stopped, payload-too-large, and whatever a host call threw that the plugin let through.
   */
  call(site: string, input: Json, info: CallInfo, context: C): Promise<Json> {
    const { user, tenant, now, granted } = info
    const write = (): string => JSON.stringify({ site, input, info: { user: { id: user.id, locale: user.locale }, tenant: { id: tenant.id }, now, granted } })
    let text: string | undefined = write()
    const bytes = Buffer.byteLength(text)
    const takeText = (): string => {
      const taken = text ?? write()
      text = undefined
      return taken
    }
    return new Promise((resolve, reject) => {
      if (bytes > this.#limits.value.messageBytes) reject(this.#failures.tooLarge(site))
      else this.#dispatch.accept({ site, takeText, bytes, info, context, retried: false, isSuspect: false, resolve, reject })
    })
  }

  /** Starts the module if need be and says which handlers it exports. @throws plugin-failed, plugin-timeout, plugin-stopped */
  async check(): Promise<SandboxHandlers> {
    if (this.state === 'stopped') throw this.#failures.stopped()
    return this.#checks.ask(() => this.#life.want())
  }

  /** Changes those given: at once, for calls from the next one on, and `isolateMb` for the next child. @throws RangeError for what is not a number */
  setLimits(limits: Partial<SandboxLimits>): void {
    this.#limits.change(limits)
    if (this.state === 'running') this.#tellLimits()
  }

  /** Kills the child. Calls, those in flight too, are answered `plugin-stopped` until `restart`. */
  async stop(): Promise<void> {
    await this.#life.stop('ended by the host')
  }

  /** Forgets the deaths; the next call starts a child. */
  restart(): void {
    this.#life.restart()
  }

  #running(handlers: SandboxHandlers): void {
    this.#watch.ready()
    this.#tellLimits()
    this.#checks.answer(handlers)
    this.#dispatch.launchWaiting()
  }

  #receive(kind: number, call: number, hostCall: number, payload: string): void {
    if (kind === frameKind.note) {
      this.#notes += 1
      if (this.#notes <= maxNotes) this.#options.onEvent?.({ type: 'unhandled-rejection', message: payload.slice(0, 500) })
      return
    }
    const fault = this.#traffic.receive(kind, call, hostCall, payload)
    if (fault !== undefined) this.#life.child?.kill('protocol', fault)
  }

  #tellLimits(): void {
    this.#life.child?.allowFrames(maxFrameBytes(this.#limits.value))
    const text = this.#limits.tell()
    if (text !== undefined) this.#traffic.sendLimits(text)
  }
}
