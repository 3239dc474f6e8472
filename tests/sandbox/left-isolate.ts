import { isOpsFluxError } from '@opsflux/sdk'
import { withHostileProgram } from './hostile-program.ts'
import { Scene } from './scene.ts'

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
