import { expect, test, vi } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { Scene } from './scene.ts'

const answered = "say(frameKind.result, call, 0, '\"pong\"'); say(frameKind.done, 0, 0, '')"
const bombs: [string, string, string, object][] = [
  ['fills its memory', "const all = []; setInterval(() => { if (all.length < 40) all.push(Buffer.alloc(1e7, 1)) }, 20)", 'memory', {}],
  ['uses the processor', 'setTimeout(() => { for (;;); }, 100)', 'cpu', { cpuMsPerMinute: 1500 }],
]
for (const [name, body, reason, limits] of bombs) {
  test.runIf(process.platform === 'linux')(`a child that ${name} while nobody calls it is ended all the same`, async () => {
    await using scene = new Scene('', { limits })
    await scene.startNeighbour()
    await withHostileProgram(atFirstCall(`${answered}; ${body}`), async () => {
      expect(await scene.outcome('ping')).toEqual({ value: 'pong' })
      await vi.waitFor(() => expect(scene.deaths).toContain(reason), { timeout: 15_000, interval: 100 })
    })
    await scene.sandbox.stop()
    scene.sandbox.restart()
    await scene.expectAliveAlone()
  })
}
