import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const busy = (ms: string): string => `const end = Date.now() + ${ms}; while (Date.now() < end);`

test('a plugin that uses more processor time than it may within a minute is ended, and answers again', async () => {
  await using scene = new Scene(`spin: () => { ${busy('400')} return 1 }, loop: () => { for (;;); }`, { limits: { cpuMsPerMinute: 1000, callMs: 5000 } })
  expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('processor time') })
  expect(scene.deaths).toEqual(['cpu'])
  await scene.expectAlive()
})

test('processor time adds up over calls that are each within their own limit', async () => {
  await using scene = new Scene(`spin: () => { ${busy('300')} return 1 }`, { limits: { cpuMsPerMinute: 1500, callMs: 1000 } })
  const outcomes = []
  for (let call = 0; call < 60 && scene.deaths.length === 0; call++) outcomes.push(await scene.outcome('spin'))
  expect(outcomes[0]).toEqual({ value: 1 })
  expect(scene.deaths).toEqual(['cpu'])
  await scene.expectAlive()
})

test('time in which the plugin waits for the host is not processor time of it', async () => {
  await using scene = new Scene('ask: (_, { db }) => db.incident.count()', {
    limits: { cpuMsPerMinute: 1000, callMs: 5000 },
    hostCalls: { 'db.count': { schema: {}, handle: () => new Promise((resolve) => setTimeout(() => resolve(7), 1200)) } },
  })
  expect(await scene.outcome('ask')).toEqual({ value: 7 })
  expect(scene.deaths).toEqual([])
})
