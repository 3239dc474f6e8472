import { DeathRecord } from './deaths.ts'
import type { DeathReason, SandboxEvent, SandboxState } from './events.ts'
import { readHandlers } from './handlers.ts'
import type { SandboxHandlers } from './handlers.ts'
import type { SandboxLimits } from './limits.ts'
import type { SandboxProcess } from './process.ts'
import { findHardening, startChild } from './start-child.ts'
import { frameKind } from './wire.ts'
import type { FrameListener } from './wire.ts'

export interface Death {
  reason: DeathReason
  detail: string
  wasStarting: boolean
  /** There is no next child: it was one death too many. */
  isLast: boolean
}

interface LifeParts {
  plugin: { pluginId: string; source: string; entities: readonly string[] }
  limits(): SandboxLimits
  emit(event: SandboxEvent): void
  /** From spawn to `gone`. */
  spawned(child: SandboxProcess): void
  running(handlers: SandboxHandlers): void
  /** Of a child that runs. */
  frame: FrameListener
  gone(): void
  /** What was running. */
  sites(): string[]
  died(death: Death): void
  stopped(): void
  /** Somebody waits for a child. */
  isWanted(): boolean
}

/** The life of a sandbox's children: one is started when wanted, and after a death again, later each time, until there were too many. */
export class ChildLife {
  #parts: LifeParts
  #state: SandboxState = 'idle'
  #child: SandboxProcess | undefined
  #deaths = new DeathRecord()
  #run = 0
  #delay: NodeJS.Timeout | undefined
  #startedAt = 0

  constructor(parts: LifeParts) {
    this.#parts = parts
  }

  get state(): SandboxState {
    return this.#state
  }

  get child(): SandboxProcess | undefined {
    return this.#child
  }

  want(): void {
    if (this.#state === 'idle') void this.#start()
  }

  /** A call has ended as it should. */
  succeeded(): void {
    this.#deaths.succeeded()
  }

  /** Ends a child that has nothing to do. */
  rest(): void {
    void this.#forget()?.dismiss()
    this.#enter('idle')
  }

  async stop(reason: string): Promise<void> {
    const child = this.#forget()
    this.#run += 1
    clearTimeout(this.#delay)
    if (this.#state !== 'stopped') {
      this.#enter('stopped')
      this.#parts.emit({ type: 'stopped', reason })
    }
    this.#parts.stopped()
    await child?.dismiss()
  }

  restart(): void {
    this.#deaths.clear()
    if (this.#state === 'stopped') this.#enter('idle')
  }

  async #start(): Promise<void> {
    this.#enter('starting')
    this.#run += 1
    const run = this.#run
    this.#startedAt = performance.now()
    const { plugin, emit, limits, spawned } = this.#parts
    try {
      const { memoryMb } = limits()
      const hardening = await findHardening(plugin.pluginId, memoryMb)
      if (run !== this.#run) return
      emit({ type: 'hardening', applied: hardening.applied, missing: hardening.missing })
      this.#child = startChild({ ...plugin, limits: limits(), hardening, listeners: { frame: (...frame) => this.#receive(...frame), died: (reason, detail) => this.#died(reason, detail) } })
      spawned(this.#child)
    } catch (error) {
      if (run === this.#run) this.#died('start', error instanceof Error ? error.message : 'unknown')
    }
  }

  #receive(...frame: Parameters<FrameListener>): void {
    const [kind, , , payload] = frame
    if (this.#state === 'running') this.#parts.frame(...frame)
    else if (kind === frameKind.ready) this.#ready(payload)
    else if (kind === frameKind.refused) this.#child?.kill('start', payload.slice(0, 500))
    else this.#child?.kill('protocol', `it sent a message of kind ${kind} before it was ready`)
  }

  #ready(payload: string): void {
    const handlers = readHandlers(payload)
    if (!handlers) {
      this.#child?.kill('start', 'its list of handlers cannot be read')
      return
    }
    this.#parts.emit({ type: 'started', pid: this.#child?.pid ?? 0, startMs: performance.now() - this.#startedAt })
    this.#enter('running')
    this.#parts.running(handlers)
  }

  #died(reason: DeathReason, detail: string): void {
    const wasStarting = this.#state === 'starting'
    this.#forget()
    const deaths = this.#deaths.add()
    this.#parts.emit({ type: 'death', reason, detail, sites: this.#parts.sites(), deaths })
    this.#enter('backing-off')
    const isLast = this.#deaths.shouldStop
    this.#parts.died({ reason, detail, wasStarting, isLast })
    if (isLast) void this.stop(`${deaths} deaths in ten minutes, the last: ${detail}`)
    else if (this.#deaths.delayMs === 0) this.#startAgain()
    else this.#delay = setTimeout(() => this.#startAgain(), this.#deaths.delayMs)
  }

  #startAgain(): void {
    this.#enter('idle')
    if (this.#parts.isWanted()) this.want()
  }

  #forget(): SandboxProcess | undefined {
    const child = this.#child
    this.#child = undefined
    this.#parts.gone()
    return child
  }

  #enter(state: SandboxState): void {
    if (this.#state === state) return
    this.#state = state
    this.#parts.emit({ type: 'state', state })
  }
}
