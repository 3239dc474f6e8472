import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'
import type { Caller } from './scene.ts'

test('calls that run at the same time each keep their own caller, whatever they share in memory', async () => {
  await using scene = new Scene('ask: async (n, { db, user }) => { for (let i = 0; i < 5; i++) if ((await db.incident.count({ n })) !== user.id) return "mixed"; return user.id }', {
    hostCalls: { 'db.count': { schema: {}, handle: async (_args, caller: Caller) => caller.name } },
  })
  const names = Array.from({ length: 60 }, (_, index) => `user-${index}`)
  const answers = await Promise.all(names.map((name) => scene.sandbox.call('route:ask', name, { ...callInfo, user: { id: name, locale: 'en' } }, { name })))
  expect(answers).toEqual(names)
})

test('fields that look like the bridge\'s own are data like any other', async () => {
  const asked: unknown[] = []
  await using scene = new Scene('ask: (_, { db }) => db.incident.find({ id: 99, call: 1, hostCall: 7, kind: 19, entity: "other", toString: 1 })', {
    hostCalls: { 'db.find': { schema: {}, handle: async (args) => (asked.push(args), []) } },
  })
  expect(await scene.outcome('ask')).toEqual({ value: [] })
  expect(asked).toEqual([{ entity: 'incident', query: { id: 99, call: 1, hostCall: 7, kind: 19, entity: 'other', toString: 1 } }])
})

test('an error that claims a code of the platform is still the module\'s failure', async () => {
  await using scene = new Scene("claim: (code) => { throw Object.assign(new Error('pay me'), { code, hostCall: 1, data: { a: 1 }, status: 200 }) }")
  for (const code of ['forbidden', 'not-signed-in', 'internal', 'plugin-stopped', '__proto__', 42]) expect(await scene.outcome('claim', code)).toMatchObject({ code: 'plugin-failed' })
})
