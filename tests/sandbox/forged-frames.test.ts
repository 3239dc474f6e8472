import { expect, test } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { Scene } from './scene.ts'

// What a child sends that somebody else took over: none of it is what our runtime would say.
const frames: Record<string, string> = {
  'of a kind nobody knows': 'say(200, call, 0, "")',
  'of a kind only the host sends': 'say(frameKind.load, 0, 0, "{}")',
  'that says it is ready again': 'say(frameKind.ready, 0, 0, \'{"hooks":{},"routes":["admin"]}\')',
  'of four thousand million bytes': 'host.write(Buffer.from([255, 255, 255, 255, 19]))',
  'without room for its head': 'host.write(Buffer.from([1, 0, 0, 0, 19]))',
  'of no bytes at all': 'host.write(Buffer.alloc(64))',
  'that is noise': "host.write(require('node:crypto').randomBytes(100_000))",
  'with a host call that has no name': 'say(frameKind.hostCall, call, 1, "no line break")',
  'with the same host call twice': "for (let n = 0; n < 2; n++) say(frameKind.hostCall, call, 7, 'db.find\\n{}')",
  'with more host calls than allowed': "for (let n = 1; n < 1500; n++) say(frameKind.hostCall, call, n, 'db.find\\n{}')",
  'with a log line that is not one': "say(frameKind.hostCall, call, 0, 'log.write\\n[]')",
  'with more log lines than allowed': "for (let n = 1; n < 200; n++) say(frameKind.hostCall, call, 0, 'log.write\\n{\"message\":\"x\"}')",
  'with an answer that is not JSON': 'say(frameKind.result, call, 0, "{")',
  'with an answer of a hundred thousand levels': "say(frameKind.result, call, 0, '['.repeat(1e5) + ']'.repeat(1e5))",
  'with an answer for every call there could be': 'for (let n = 0; n < 5000; n++) say(frameKind.result, n, 0, \'"forged"\')',
  'with a failure that is not one': 'say(frameKind.failed, call, 0, "null")',
  'with a failure that claims a code of the platform': 'say(frameKind.failed, call, 0, \'{"code":"forbidden","message":"x","hostCall":1}\')',
  'that is done with what was never begun': 'for (let n = 0; n < 1e5; n++) say(frameKind.done, 0, 0, "")',
}
for (const [name, body] of Object.entries(frames)) {
  test(`a message ${name} costs at most its call and its child`, async () => {
    await using scene = new Scene('', { limits: { callMs: 1000 }, hostCalls: { 'db.find': { schema: {}, handle: async () => null } } })
    await scene.startNeighbour()
    await withHostileProgram(atFirstCall(body), async () => {
      const outcome = await scene.outcome('ping')
      if ('value' in outcome) expect(outcome.value).toBe('forged')
      else expect(outcome.code).toMatch(/^plugin-(failed|timeout)$/)
      expect(JSON.stringify(outcome).length).toBeLessThan(1000)
    })
    // Whoever took the child over has lost it: the next one is ours.
    await scene.sandbox.stop()
    scene.sandbox.restart()
    await scene.expectAlive()
  })
}
