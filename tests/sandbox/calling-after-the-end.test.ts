import { expect, test } from 'vitest'
import { Scene } from './scene.ts'
import type { Caller } from './scene.ts'

test('a context kept from an ended call is refused in the next one, and no transaction is mixed up', async () => {
  const served: string[] = []
  await using scene = new Scene(
    "keep: (_, context) => { globalThis.kept = context; return 'kept' }, use: async (_, { db }) => [await db.incident.count(), await kept.db.incident.count().catch((error) => error.message), kept.log.info('late') === undefined]",
    { hostCalls: { 'db.count': { schema: {}, handle: async (_args, caller: Caller) => (served.push(caller.name), 1) } } },
  )
  await scene.outcome('keep', null, {}, { name: 'first' })
  expect(await scene.outcome('use', null, {}, { name: 'second' })).toEqual({ value: [1, 'db.count was called after its call had ended.', true] })
  expect(served).toEqual(['second'])
  expect(scene.log).toEqual([])
})

test('code left behind by an ended call never runs again on its account', async () => {
  await using scene = new Scene('leave: (_, { db }) => { db.incident.count().then(() => { globalThis.ran = true }); return 1 }, ran: () => globalThis.ran === true', {
    hostCalls: { 'db.count': { schema: {}, handle: async () => 1 } },
  })
  expect(await scene.outcome('leave')).toEqual({ value: 1 })
  expect(await scene.outcome('ran')).toEqual({ value: false })
})

test('a call that returns before its write is done fails instead of losing it', async () => {
  await using scene = new Scene('leave: (_, { db }) => { db.incident.create({}); return 1 }', { hostCalls: { 'db.create': { schema: {}, writes: true, handle: async () => ({}) } } })
  expect(await scene.outcome('leave')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('await every call') })
})
