import type { CapabilityName } from '@opsflux/sdk'
import type { CallInfo } from './active-call.ts'
import type { SandboxEvent } from './events.ts'
import type { HostCalls } from './host-calls.ts'
import type { SandboxLimits } from './limits.ts'

/** A host call asks whether its capability is granted: to the plugin, in this call's tenant, for its user. */
export interface CapabilityCheck<C> {
  capability: CapabilityName
  call: CallInfo
  context: C
}

export interface PluginSandboxOptions<C> {
  pluginId: string
  version: string
  /** The server module: one ES module without imports, whose default export holds the handlers. */
  source: string
  /** Names of the plugin's entities: what `context.db` has. */
  entities: readonly string[]
  hostCalls: HostCalls<C>
  /** Asked at every host call that has a capability, so that a grant taken back counts at once. Anything but true refuses. Default: `call.granted` has it. */
  authorise?(check: CapabilityCheck<C>): boolean | Promise<boolean>
  /** Default: the SDK's `limitTable`. */
  limits?: Partial<SandboxLimits>
  onEvent?(event: SandboxEvent): void
}
