import { expect, test } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { Scene } from './scene.ts'

const exits: [string, string][] = [
  ['with success', 'process.exit(0)'],
  ['with the code of an orphan that never was', 'process.exit(3)'],
  ['with the code of a full memory', 'process.exit(4)'],
  ['with the code of a time-out', 'process.exit(5)'],
  ['with a code nobody knows', 'process.exit(213)'],
  ['by aborting', 'process.abort()'],
  ['by a wrong access to memory', "process.kill(process.pid, 'SIGSEGV')"],
  ['by closing its pipe', 'host.destroy(); setInterval(() => {}, 1000)'],
  ['with a million words', "process.stderr.write('FATAL ERROR: '.repeat(1e5) + '/srv/opsflux/secret\\n', () => process.exit(1))"],
]
for (const [name, body] of exits) {
  test(`a child that ends ${name} is one death, told in a few words`, async () => {
    await using scene = new Scene('', { limits: { callMs: 1000 } })
    await scene.startNeighbour()
    await withHostileProgram(atFirstCall(body), async () => {
      const outcome = await scene.outcome('ping')
      expect(outcome).toMatchObject({ code: expect.stringMatching(/^plugin-(failed|timeout)$/) })
      expect(JSON.stringify(outcome)).not.toMatch(/FATAL|srv/)
    })
    const [death] = scene.events.filter((event) => event.type === 'death')
    expect(death?.sites).toEqual(['route:ping'])
    expect(death?.detail.length).toBeLessThan(400)
    await scene.sandbox.stop()
    scene.sandbox.restart()
    await scene.expectAlive()
  })
}
