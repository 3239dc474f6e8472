import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { isOpsFluxError } from '@opsflux/sdk'
import { Scene } from './scene.ts'

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

/** Runs the body of an async function as hostile code, with a host beside it, and answers what it returned or threw, as text. */
export async function tellFromOutside(body: string): Promise<string> {
  const program = `host.on('data', () => {})
    ;(async () => { let told; try { told = JSON.stringify(await (async () => { ${body} })()) } catch (error) { told = String(error.code ?? error.message) }
    host.write(encodeFrame(frameKind.refused, 0, 0, String(told))) })()`
  await using scene = new Scene('')
  return await withHostileProgram(program, async () => {
    try {
      return JSON.stringify(await scene.sandbox.check())
    } catch (error) {
      return isOpsFluxError(error) ? error.message.replace(/^.*could not be started: /, '') : String(error)
    }
  })
}

/** A program that says it is ready, then runs `body` at its first call; `call` is that call's number, `say` sends a frame. */
export const atFirstCall = (body: string): string => `
const say = (kind, call, hostCall, text) => host.write(encodeFrame(kind, call, hostCall, text))
new Promise((yes) => { const reader = new FrameReader(0xffffffff, (kind, call, hostCall, text) => {
  if (kind === frameKind.load) say(frameKind.ready, 0, 0, '{"hooks":{},"routes":["ping"],"jobs":[]}')
  if (kind === frameKind.call) yes(call)
}); host.on('data', (chunk) => reader.push(chunk)) }).then(async (call) => { ${body} })`
