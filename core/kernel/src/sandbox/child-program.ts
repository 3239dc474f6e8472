import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { childExit, runChild } from './child.ts'
import type { ChildLoad } from './child.ts'
import { confineGuest } from './guest-confinement.ts'
import { guestRuntime } from './guest-runtime.ts'
import type { GuestLimits } from './guest-runtime.ts'
import type { Hardening } from './hardening.ts'
import { wallMsOf } from './limits.ts'
import type { SandboxLimits } from './limits.ts'
import { encodeFrame, FrameReader, frameKind } from './wire.ts'

/** The child's descriptor of its pipe to the host. */
export const hostDescriptor = 3

let foundBinary: string | undefined

/** isolated-vm's compiled file for this platform. Only its path is needed here: the host never loads it. */
export function isolatedVmBinary(): string {
  foundBinary ??= findBinary()
  return foundBinary
}

function findBinary(): string {
  const require = createRequire(import.meta.url)
  const packageFile = require.resolve('isolated-vm/package.json')
  const { path }: { path(folder: string): string } = createRequire(packageFile)('node-gyp-build')
  const binary = path(dirname(packageFile))
  if (!existsSync(binary)) throw new Error(`isolated-vm has no binary for ${process.platform}-${process.arch}: run the installation again.`)
  return realpathSync(binary)
}

/** The program a child is started with (`node -e`). What it `inherited` is closed before anything of a plugin is there. */
export function childProgram(binary: string, inherited: readonly number[]): string {
  return `'use strict'
for (const descriptor of ${JSON.stringify(inherited)}) require('node:fs').closeSync(descriptor)
const loaded = { exports: {} }
process.dlopen(loaded, ${JSON.stringify(binary)})
${encodeFrame}
${FrameReader}
${runChild}
const host = new (require('node:net').Socket)({ fd: ${hostDescriptor} })
runChild(host, {
  ivm: loaded.exports.ivm,
  wire: { encodeFrame, FrameReader, frameKind: ${JSON.stringify(frameKind)} },
  exit: ${JSON.stringify(childExit)},
  setFlags: require('node:v8').setFlagsFromString,
})`
}

/** What the guest's own side of the bridge keeps to, so that a plugin that asks too much is refused and not killed. */
export function guestLimits({ hostCallsPerCall, logLinesPerCall, logBytesPerCall, messageBytes }: SandboxLimits): GuestLimits {
  return { hostCallsPerCall, logLinesPerCall, logBytesPerCall, messageBytes }
}

/** The child's first message. */
export function childLoad(source: string, entities: readonly string[], limits: SandboxLimits, hardening: Hardening): ChildLoad {
  const { isolateMb, startMs, memoryMb } = limits
  return {
    confinement: String(confineGuest),
    runtime: String(guestRuntime),
    source,
    settings: { entities, limits: guestLimits(limits) },
    isolateMb,
    startMs,
    ...(hardening.missing.includes('ends with the host') ? { orphanMs: 2 * Math.max(wallMsOf('route:', limits), wallMsOf('job:', limits)) } : {}),
    ...(process.platform === 'linux' ? {} : { ownMemoryMb: memoryMb }),
    ...(hardening.becomeUser === undefined ? {} : { becomeUser: hardening.becomeUser }),
  }
}
