import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

test('calls beyond those in flight and in the queue are refused at once', async () => {
  await using scene = new Scene('', { limits: { callsInFlight: 2, callsWaiting: 3 } })
  await scene.expectAliveAlone()
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => scene.sandbox.call('route:ping', null, callInfo, { name: 'tester' })))
  expect(outcomes.map((outcome) => outcome.status)).toEqual([...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')])
  expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'plugin-failed', message: expect.stringContaining('too many calls') } })
})
