import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('keys named __proto__ are refused on their way to the host, however they are written', async () => {
  await using scene = new Scene(`answer: () => JSON.parse('{"a":{"__proto__":{"admin":true}}}'), escaped: () => JSON.parse('[{"\\\\u005f_proto__":1}]'), ask: (_, { db }) => db.incident.find({ where: JSON.parse('{"__proto__":{"admin":true}}') })`, {
    hostCalls: { 'db.find': echoHostCall },
  })
  for (const route of ['answer', 'escaped', 'ask']) expect(await scene.outcome(route)).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('__proto__') })
  expect(({} as { admin?: boolean }).admin).toBeUndefined()
  await scene.expectAlive()
})
