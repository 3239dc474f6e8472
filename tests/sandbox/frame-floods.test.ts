import { expect, test } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { ownLagMs, watchLoop } from './loop-lag.ts'
import { Scene } from './scene.ts'

const endless = (frame: string): string => `const one = ${frame}; const many = Buffer.concat(Array.from({ length: 500 }, () => one)); const on = () => { while (host.write(many)); }; host.on('drain', on); on()`
const floods: Record<string, string> = {
  'notes': endless("encodeFrame(frameKind.note, 0, 0, 'lost')"),
  'host calls of a call that is over': endless("encodeFrame(frameKind.hostCall, 999999, 1, 'db.find\\n{}')"),
  'answers to calls that are over': endless("encodeFrame(frameKind.result, 999999, 0, '1')"),
  'the news that it is done': endless("encodeFrame(frameKind.done, 0, 0, '')"),
  'notes of a megabyte': "const one = encodeFrame(frameKind.note, 0, 0, 'x'.repeat(1e6)); const on = () => { while (host.write(one)); }; host.on('drain', on); on()",
  'words on standard error': "const words = 'x'.repeat(1e5) + '\\n'; const on = () => { while (process.stderr.write(words)); }; process.stderr.on('drain', on); on()",
}
for (const [name, body] of Object.entries(floods)) {
  test(`a flood of ${name} neither holds the host up (lag below 250 ms) nor goes on`, async () => {
    await using scene = new Scene('', { limits: { callMs: 800 }, hostCalls: { 'db.find': { schema: {}, handle: async () => null } } })
    await scene.startNeighbour()
    await withHostileProgram(atFirstCall(body), async () => {
      const stop = watchLoop()
      expect(await scene.outcome('ping')).toMatchObject({ code: expect.stringMatching(/^plugin-(failed|timeout)$/) })
      expect(ownLagMs(stop())).toBeLessThan(250)
    })
    expect(scene.events.filter((event) => event.type === 'unhandled-rejection').length).toBeLessThan(100)
    expect(scene.events.filter((event) => event.type === 'log').length).toBeLessThan(100)
    await scene.sandbox.stop()
    scene.sandbox.restart()
    await scene.expectAlive()
  })
}
