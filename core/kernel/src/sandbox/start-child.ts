import { childLoad, childProgram, isolatedVmBinary } from './child-program.ts'
import { hardeningFor } from './hardening.ts'
import type { Hardening } from './hardening.ts'
import type { SandboxLimits } from './limits.ts'
import { SandboxProcess } from './process.ts'
import type { ChildListeners } from './process.ts'
import { frameKind } from './wire.ts'

export function findHardening(pluginId: string): Promise<Hardening> {
  return hardeningFor(pluginId, isolatedVmBinary())
}

/** Starts a child and sends it the module; it answers with a frame `ready` or `refused`. */
export function startChild(options: { source: string; entities: readonly string[]; limits: SandboxLimits; hardening: Hardening; listeners: ChildListeners }): SandboxProcess {
  const { source, entities, limits, hardening, listeners } = options
  const binary = isolatedVmBinary()
  // Four bytes a character at most: what is too large by less is refused by name, not by death.
  const maxFrameBytes = limits.messageBytes * 4 + 65_536
  const child = new SandboxProcess({ program: childProgram(binary), binary, hardening, maxFrameBytes, listeners })
  child.send(frameKind.load, 0, 0, JSON.stringify(childLoad(source, entities, limits, hardening)))
  return child
}
