import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('no code of a module runs while it has no call, whatever it left behind', async () => {
  await using scene = new Scene(
    `leave: (_, { db }) => {
      const tick = () => { globalThis.ticks++ }
      ;(async () => { await db.incident.count(); tick() })()
      db.incident.count({ then: 1 }).finally(tick).catch(() => {})
      Array.fromAsync({ async *[Symbol.asyncIterator]() { await new Promise((yes) => { globalThis.wake = yes }); tick() } })
      globalThis.ticks = 0
      return 'left'
    }, ticks: () => globalThis.ticks, wake: async () => { wake(); await 0; await 0; await 0; await 0; return ticks }`,
    { hostCalls: { 'db.count': echoHostCall } },
  )
  expect(await scene.outcome('leave')).toEqual({ value: 'left' })
  for (let round = 0; round < 20; round++) await scene.outcome('ping')
  expect(await scene.outcome('ticks')).toEqual({ value: 0 })
  // What it left may go on in a later call, as part of that call: on its time and its account.
  expect(await scene.outcome('wake')).toEqual({ value: 1 })
  await scene.expectAlive()
})
