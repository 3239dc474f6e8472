import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('rejections nobody handles, by the hundred thousand, are told a few times', async () => {
  await using scene = new Scene(
    "burst: () => { for (let n = 0; n < 1e5; n++) Promise.reject(new Error('lost ' + n)); return 'fine' }, drip: async (_, { db }) => { for (let n = 0; n < 900; n++) { Promise.reject(new Error('lost ' + n)); await db.incident.count() } return 'fine' }",
    { limits: { callMs: 5000 }, hostCalls: { 'db.count': echoHostCall } },
  )
  expect(await scene.outcome('burst')).toEqual({ value: 'fine' })
  expect(await scene.outcome('drip')).toEqual({ value: 'fine' })
  const told = scene.events.filter((event) => event.type === 'unhandled-rejection')
  expect(told.length).toBeGreaterThan(0)
  expect(told.length).toBeLessThan(100)
  await scene.expectAlive()
})
