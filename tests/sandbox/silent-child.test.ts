import { expect, test } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { callInfo, Scene } from './scene.ts'

test('a child that never says it is ready is ended within its start-up time', async () => {
  await using scene = new Scene('', { limits: { startMs: 600 } })
  await scene.startNeighbour()
  await withHostileProgram("host.on('data', () => {}); setInterval(() => {}, 1000)", async () => {
    expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-timeout', message: expect.stringContaining('did not start') })
  })
  await scene.sandbox.stop()
})

test('a child that takes calls and never answers loses them and itself', async () => {
  await using scene = new Scene('', { limits: { callMs: 500 } })
  await scene.startNeighbour()
  await withHostileProgram(atFirstCall('setInterval(() => {}, 1000)'), async () => {
    const calls = Array.from({ length: 5 }, () => scene.sandbox.call('route:ping', null, callInfo, { name: 'tester' }).catch((error: { code: string }) => error.code))
    for (const answer of await Promise.all(calls)) expect(answer).toMatch(/^(plugin-(timeout|failed|stopped))$/)
  })
  await scene.sandbox.stop()
  scene.sandbox.restart()
  await scene.expectAliveAlone()
})

test('a child that stops reading loses them and itself', async () => {
  await using scene = new Scene('', { limits: { callMs: 500 } })
  await scene.startNeighbour()
  await withHostileProgram(atFirstCall('host.pause(); setInterval(() => {}, 1000)'), async () => {
    const input = 'x'.repeat(900_000)
    const calls = Array.from({ length: 20 }, () => scene.sandbox.call('route:ping', input, callInfo, { name: 'tester' }).catch((error: { code: string }) => error.code))
    for (const answer of await Promise.all(calls)) expect(answer).toMatch(/^(plugin-(timeout|failed|stopped))$/)
  })
  await scene.sandbox.stop()
  scene.sandbox.restart()
  await scene.expectAliveAlone()
})
