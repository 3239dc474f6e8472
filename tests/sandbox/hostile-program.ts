import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

/** What a hostile program finds defined: `host` (its pipe), `encodeFrame`, `FrameReader`, `frameKind`, `loaded.exports.ivm`. */
const ownStart = /\nrunChild\(host, \{[^]*?frameKind: (\{.*?\})[^]*$/

/**
 * Code that got out of the isolate: while `work` runs, children are started exactly as always, with the same launcher, flags and
 * descriptors, but run `hostile` where our own program would begin to listen.
 */
export async function withHostileProgram<T>(hostile: string, work: () => Promise<T>): Promise<T> {
  const { spawn } = childProcess
  let started = 0
  childProcess.spawn = ((command: string, args: string[], options: childProcess.SpawnOptions) => {
    const program = args.at(-1) ?? ''
    if (!ownStart.test(program)) return spawn(command, args, options)
    started += 1
    return spawn(command, [...args.slice(0, -1), program.replace(ownStart, (_, kinds: string) => `\nconst frameKind = ${kinds}\n${hostile}`)], options)
  }) as typeof spawn
  syncBuiltinESMExports()
  try {
    const result = await work()
    if (started === 0) throw new Error('no child was started with the hostile program')
    return result
  } finally {
    childProcess.spawn = spawn
    syncBuiltinESMExports()
  }
}
