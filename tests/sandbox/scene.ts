import { PluginSandbox } from '@opsflux/kernel'
import type { CallInfo, HostCall, PluginSandboxOptions, SandboxEvent, SandboxLimits } from '@opsflux/kernel'
import type { Json } from '@opsflux/sdk'
import { expect } from 'vitest'

/** What host calls get back: who called. */
export interface Caller { name: string }

export const callInfo: CallInfo = { user: { id: 'user-1', locale: 'en' }, tenant: { id: 'tenant-1' }, now: '2026-01-02T03:04:05Z', granted: [] }

export type Outcome = { value: Json } | { code: unknown; message: string; data: unknown }

export interface SceneOptions {
  /** Text before the default export. */
  prelude?: string
  hooks?: string
  jobs?: string
  limits?: Partial<SandboxLimits>
  hostCalls?: Record<string, HostCall<Caller>>
  authorise?: PluginSandboxOptions<Caller>['authorise']
}

/** A plugin with the given routes (text of an object's members), `ping` beside them, and a harmless plugin next door. */
export class Scene {
  readonly events: SandboxEvent[] = []
  readonly sandbox: PluginSandbox<Caller>
  readonly #neighbour: PluginSandbox<Caller>
  #neighbourCalls = 0

  constructor(routes: string, { prelude = '', hooks = '', jobs = '', limits = {}, hostCalls = {}, authorise }: SceneOptions = {}) {
    const source = `${prelude}\nexport default { hooks: { ${hooks} }, routes: { ping: () => 'pong', ${routes} }, jobs: { ${jobs} } }`
    const options = { version: '1.0.0', entities: ['incident'], hostCalls: new Map(Object.entries(hostCalls)) }
    this.sandbox = new PluginSandbox({ ...options, pluginId: 'acme-attacker', source, limits: { callMs: 1000, ...limits }, ...(authorise && { authorise }), onEvent: (event) => this.events.push(event) })
    this.#neighbour = new PluginSandbox({ ...options, pluginId: 'acme-neighbour', source: "export default { routes: { ping: () => 'pong' } }" })
  }

  /** Calls a route and says how it ended. Meanwhile the neighbour is called again and again, and must answer each time. */
  outcome(route: string, input: Json = null, info: Partial<CallInfo> = {}, caller: Caller = { name: 'tester' }): Promise<Outcome> {
    return this.outcomeAt(`route:${route}`, input, info, caller)
  }

  /** The same for any site, such as `job:nightly`. */
  async outcomeAt(site: string, input: Json = null, info: Partial<CallInfo> = {}, caller: Caller = { name: 'tester' }): Promise<Outcome> {
    let settled = false
    const call = this.sandbox.call(site, input, { ...callInfo, ...info }, caller).then(
      (value): Outcome => ({ value }),
      (error: { code?: unknown; message: string; data?: unknown }): Outcome => ({ code: error.code, message: error.message, data: error.data }),
    )
    void call.then(() => (settled = true))
    do {
      expect(await this.#neighbour.call('route:ping', null, callInfo, { name: 'next door' })).toBe('pong')
      this.#neighbourCalls += 1
    } while (!settled)
    return call
  }

  /** Its child, before something is done to those that start from now on. */
  async startNeighbour(): Promise<void> {
    expect(await this.#neighbour.call('route:ping', null, callInfo, { name: 'next door' })).toBe('pong')
  }

  /** The attacked plugin itself answers again, in this child or the next. */
  async expectAlive(): Promise<void> {
    await this.expectAliveAlone()
    expect(this.#neighbourCalls).toBeGreaterThan(0)
  }

  async expectAliveAlone(): Promise<void> {
    expect(await this.sandbox.call('route:ping', null, callInfo, { name: 'tester' })).toBe('pong')
  }

  get deaths(): string[] {
    return this.events.flatMap((event) => (event.type === 'death' ? [event.reason] : []))
  }

  get log(): string[] {
    return this.events.flatMap((event) => (event.type === 'log' ? [event.message] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.sandbox.stop(), this.#neighbour.stop()])
  }
}

/** A host call that answers what it was asked. */
export const echoHostCall: HostCall<Caller> = { schema: { type: 'object' }, handle: async (args) => args }
