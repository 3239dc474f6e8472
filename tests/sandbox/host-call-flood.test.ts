import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('host calls beyond the limit are refused and those within it answered', async () => {
  let served = 0
  await using scene = new Scene(
    "flood: async (_, { db }) => { const all = await Promise.allSettled(Array.from({ length: 5000 }, () => db.incident.count())); return [all.filter((one) => one.status === 'fulfilled').length, all.at(-1).reason.message] }",
    { limits: { callMs: 3000 }, hostCalls: { 'db.count': { ...echoHostCall, handle: async () => ++served } } },
  )
  expect(await scene.outcome('flood')).toEqual({ value: [1000, 'More than 1000 host calls in one call.'] })
  expect(served).toBe(1000)
  await scene.expectAlive()
})

test('more bytes than a call may send end the child', async () => {
  await using scene = new Scene("flood: (_, { db }) => Promise.all(Array.from({ length: 100 }, () => db.incident.find({ q: 'x'.repeat(9e5) })))", {
    limits: { callMs: 5000 },
    hostCalls: { 'db.find': echoHostCall },
  })
  expect(await scene.outcome('flood')).toMatchObject({ code: 'plugin-failed' })
  expect(scene.deaths).toHaveLength(1)
  await scene.expectAlive()
})

test('one host call of a call runs at a time, in the order asked', async () => {
  let running = 0
  const order: unknown[] = []
  await using scene = new Scene('ask: (_, { db }) => Promise.all([1, 2, 3, 4].map((n) => db.incident.count({ n })))', {
    hostCalls: {
      'db.count': {
        schema: {},
        handle: async (args) => {
          order.push(args, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running -= 1
          return null
        },
      },
    },
  })
  await scene.outcome('ask')
  expect(order).toEqual([1, 2, 3, 4].flatMap((n) => [{ entity: 'incident', where: { n } }, 1]))
})
