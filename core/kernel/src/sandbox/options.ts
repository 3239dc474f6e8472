import type { SandboxEvent } from './events.ts'
import type { HostCalls } from './host-calls.ts'
import type { SandboxLimits } from './limits.ts'

export interface PluginSandboxOptions<C> {
  pluginId: string
  version: string
  /** The server module: one ES module without imports, whose default export holds the handlers. */
  source: string
  /** Names of the plugin's entities: what `context.db` has. */
  entities: readonly string[]
  hostCalls: HostCalls<C>
  limits?: Partial<SandboxLimits>
  onEvent?(event: SandboxEvent): void
}
