import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const hostCalls = { 'users.names': { capability: 'users.read', schema: { type: 'object' }, handle: async () => ({ a: 'Ada' }) } } as const

test('a host call whose capability was not granted is denied, and its code survives the module', async () => {
  await using scene = new Scene('ask: (_, { users }) => users.names(["a"]), can: (_, { can }) => can("users.read")', { hostCalls })
  expect(await scene.outcome('ask')).toMatchObject({ code: 'capability-denied' })
  expect(await scene.outcome('can')).toEqual({ value: false })
})

test('with the capability it is served, for that call only', async () => {
  await using scene = new Scene('ask: (_, { users }) => users.names(["a"]), can: (_, { can }) => can("users.read")', { hostCalls })
  expect(await scene.outcome('ask', null, { granted: ['users.read'] })).toEqual({ value: { a: 'Ada' } })
  expect(await scene.outcome('can', null, { granted: ['users.read'] })).toEqual({ value: true })
  expect(await scene.outcome('ask')).toMatchObject({ code: 'capability-denied' })
})
