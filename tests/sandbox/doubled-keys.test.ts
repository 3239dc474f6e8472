import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('keys that steer merges in the host are data there and pollute nothing', async () => {
  const evil = "{ constructor: { prototype: { polluted: 1 } }, prototype: { polluted: 1 }, __defineGetter__: 1, hasOwnProperty: 1, toString: 'x', valueOf: {}, then: 'x', toJSON: 1, length: -1, 0: 'zero' }"
  await using scene = new Scene(`answer: () => (${evil}), ask: (_, { db }) => db.incident.count(${evil})`, { hostCalls: { 'db.count': echoHostCall } })
  const data = { constructor: { prototype: { polluted: 1 } }, prototype: { polluted: 1 }, __defineGetter__: 1, hasOwnProperty: 1, toString: 'x', valueOf: {}, then: 'x', toJSON: 1, length: -1, 0: 'zero' }
  expect(await scene.outcome('answer')).toEqual({ value: data })
  expect(await scene.outcome('ask')).toEqual({ value: { entity: 'incident', where: data } })
  for (const owner of [{}, [], () => 1, '', new Map()]) expect((owner as { polluted?: unknown }).polluted).toBeUndefined()
  await scene.expectAlive()
})
