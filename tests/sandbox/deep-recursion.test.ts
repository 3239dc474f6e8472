import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('recursion without end is an error of the call alone', async () => {
  await using scene = new Scene('deep: () => { const down = () => down() + 1; return down() }')
  expect(await scene.outcome('deep')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('call stack') })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})

test('a host call made at the very end of the stack leaves the bridge in order', async () => {
  await using scene = new Scene('deep: (_, { db }) => { const down = () => { db.incident.count().catch(() => {}); down() }; down() }', {
    limits: { hostCallsPerCall: 100, callMs: 5000 },
    hostCalls: { 'db.count': { schema: {}, handle: async () => 1 } },
  })
  expect(await scene.outcome('deep')).toMatchObject({ code: 'plugin-failed' })
  await scene.expectAlive()
})
