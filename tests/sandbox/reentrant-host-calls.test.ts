import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('a host call whose arguments make host calls stays within the limit and costs no child', async () => {
  await using scene = new Scene(
    `ask: async (_, { db }) => {
      const all = Array.from({ length: 45 }, () => db.incident.count())
      let depth = 0
      const where = { toJSON() { if (depth++ < 100) all.push(db.incident.count(where)); return {} } }
      all.push(db.incident.count(where))
      const ended = await Promise.allSettled(all)
      return [ended.filter((one) => one.status === 'fulfilled').length, ended.filter((one) => one.status === 'rejected').length]
    }`,
    { limits: { hostCallsPerCall: 50 }, hostCalls: { 'db.count': echoHostCall } },
  )
  expect(await scene.outcome('ask')).toEqual({ value: [50, 96] })
  expect(scene.deaths).toEqual([])
  await scene.expectAlive()
})
