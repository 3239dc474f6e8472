import type { SandboxStatus } from '@opsflux/sdk'
import { childLoad, childProgram, hostDescriptor, isolatedVmBinary } from './child-program.ts'
import { hardeningFor, hardeningOfHost } from './hardening.ts'
import type { Hardening } from './hardening.ts'
import { inheritedDescriptors } from './inherited-descriptors.ts'
import type { SandboxLimits } from './limits.ts'
import { SandboxProcess } from './process.ts'
import type { ChildListeners } from './process.ts'
import { frameKind } from './wire.ts'

export function findHardening(pluginId: string, memoryMb: number): Promise<Hardening> {
  return hardeningFor(pluginId, memoryMb, isolatedVmBinary())
}

/** How plugins are kept in on this host, found out without starting one. */
export async function sandboxStatus(): Promise<SandboxStatus> {
  const { applied, missing } = await hardeningOfHost(isolatedVmBinary())
  return { applied: [...applied], missing: [...missing] }
}

/** Four bytes a character at most: what is too large by less is refused by name, not by death. */
export function maxFrameBytes({ messageBytes }: SandboxLimits): number {
  return messageBytes * 4 + 65_536
}

/** Starts a child and sends it the module; it answers with a frame `ready` or `refused`. */
export function startChild(options: { source: string; entities: readonly string[]; limits: SandboxLimits; hardening: Hardening; listeners: ChildListeners }): SandboxProcess {
  const { source, entities, limits, hardening, listeners } = options
  const binary = isolatedVmBinary()
  const child = new SandboxProcess({ program: childProgram(binary, inheritedDescriptors(hostDescriptor)), binary, hardening, maxFrameBytes: maxFrameBytes(limits), listeners })
  child.send(frameKind.load, 0, 0, JSON.stringify(childLoad(source, entities, limits, hardening)))
  return child
}
