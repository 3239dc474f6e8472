import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('arguments that do not fit the schema never reach the host call', async () => {
  let served = 0
  const schema = { type: 'object', additionalProperties: false, required: ['entity', 'id'], properties: { entity: { type: 'string' }, id: { type: 'string', format: 'uuid' } } }
  await using scene = new Scene('ask: (id, { db }) => db.incident.findOne(id)', { hostCalls: { 'db.findOne': { schema, handle: async () => ++served } } })
  for (const id of [null, 5, 'x', ['a'], { length: 1 }, "' or 1=1 --"]) expect(await scene.outcome('ask', id)).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('db.findOne') })
  expect(served).toBe(0)
  expect(await scene.outcome('ask', '018f4e2c-0000-7000-8000-000000000000')).toEqual({ value: 1 })
})
