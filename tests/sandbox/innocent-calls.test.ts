import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'
import type { Caller } from './scene.ts'

const hostCalls = {
  'db.count': { schema: {}, handle: (_args: unknown, caller: Caller) => (caller.name === 'held' ? new Promise<number>((resolve) => setTimeout(resolve, 900, 7)) : Promise.resolve(7)) },
  'db.create': { schema: {}, writes: true, handle: async () => ({}) },
}

test('calls in flight beside a culprit are run once more when they only read, and fail when they wrote', async () => {
  await using scene = new Scene('read: async (_, { db }) => await db.incident.count(), write: async (_, { db }) => { await db.incident.create({}); return db.incident.count() }, loop: () => { for (;;); }', { limits: { callMs: 300 }, hostCalls })
  await scene.expectAliveAlone()
  const held = { name: 'held' }
  const read = scene.sandbox.call('route:read', null, callInfo, held)
  const write = scene.sandbox.call('route:write', null, callInfo, held)
  void write.catch(() => undefined)
  const loop = await scene.outcome('loop')
  expect(loop).toMatchObject({ code: 'plugin-timeout' })
  expect(await read).toBe(7)
  await expect(write).rejects.toMatchObject({ code: 'plugin-failed' })
  expect(scene.events.filter((event) => event.type === 'retried')).toEqual([{ type: 'retried', site: 'route:read' }])
})
