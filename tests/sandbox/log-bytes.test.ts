import { expect, test } from 'vitest'
import { withHostileProgram } from './hostile-program.ts'
import { atFirstCall } from './left-isolate.ts'
import { callInfo, Scene } from './scene.ts'

const leftOut = 'The other log lines of this call were left out.'

test('log lines beyond the bytes of a call are left out, and one line says so', async () => {
  await using scene = new Scene("log: (unit, { log }) => { for (let i = 0; i < 40; i++) log.info(unit.repeat(1000)) }", { limits: { logBytesPerCall: 5000 } })
  for (const [unit, lines] of [['x', 5], ['é', 2], ['€', 1], ['😀', 1], ['\ud83d', 1]] as const) {
    scene.events.length = 0
    expect(await scene.outcome('log', unit)).toEqual({ value: null })
    expect(scene.log.slice(0, -1).every((line) => line.startsWith(unit))).toBe(true)
    expect([scene.log.length - 1, scene.log.at(-1)]).toEqual([lines, leftOut])
  }
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})

test('with no bytes allowed there is the one line only, and the next call starts anew', async () => {
  await using scene = new Scene("log: (_, { log }) => { log.info('a'); log.warn('b') }", { limits: { logBytesPerCall: 0 } })
  await scene.outcome('log')
  await scene.outcome('log')
  expect(scene.log).toEqual([leftOut, leftOut])
})

test('a child that sends more all the same is killed', async () => {
  const flood = "for (let i = 0; i < 50; i++) say(frameKind.hostCall, call, 0, 'log.write\\n' + JSON.stringify({ level: 'info', message: 'x'.repeat(1000) }))"
  await using scene = new Scene('', { limits: { logBytesPerCall: 5000 } })
  await withHostileProgram(atFirstCall(flood), () => expect(scene.sandbox.call('route:attack', null, callInfo, { name: 'tester' })).rejects.toMatchObject({ code: 'plugin-failed' }))
  expect(scene.deaths[0]).toBe('protocol')
  expect(scene.log.length).toBeLessThanOrEqual(5)
})
