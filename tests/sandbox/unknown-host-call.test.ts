import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test('a host call the host does not have is refused by name', async () => {
  await using scene = new Scene('ask: (_, { db }) => db.incident.delete("x")')
  expect(await scene.outcome('ask')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('db.delete') })
  await scene.expectAlive()
})

test('an entity the module does not declare is not there', async () => {
  await using scene = new Scene('ask: (_, { db }) => [db.users, db.constructor, db.__proto__, db["p_other.incident"]].map((one) => typeof one)')
  expect(await scene.outcome('ask')).toEqual({ value: ['undefined', 'undefined', 'undefined', 'undefined'] })
})
