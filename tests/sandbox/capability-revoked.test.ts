import { expect, test } from 'vitest'
import type { Caller } from './scene.ts'
import { Scene } from './scene.ts'

const names = { 'users.names': { capability: 'users.read', schema: { type: 'object' }, handle: async () => ({ a: 'Ada' }) } } as const

test('a grant taken back counts at the next host call, of a call that runs too', async () => {
  let isGranted = true
  await using scene = new Scene("ask: async (_, { users }) => { const first = await users.names(['a']); return [first, await users.names(['a']).catch((error) => error.code)] }", {
    hostCalls: { 'users.names': { ...names['users.names'], handle: async () => { isGranted = false; return { a: 'Ada' } } } },
    authorise: async () => isGranted,
  })
  expect(await scene.outcome('ask', null, { granted: ['users.read'] })).toEqual({ value: [{ a: 'Ada' }, 'capability-denied'] })
  await scene.expectAlive()
})

test('who is asked learns which capability, in whose name and on whose behalf', async () => {
  const asked: unknown[] = []
  await using scene = new Scene("ask: (_, { users, db }) => db.incident.count().then(() => users.names(['a']))", {
    hostCalls: { ...names, 'db.count': { schema: {}, handle: async () => 1 } },
    authorise: ({ capability, call, context }) => (asked.push([capability, call.tenant.id, call.user.id, context.name]), call.tenant.id === 'mine'),
  })
  expect(await scene.outcome('ask', null, { tenant: { id: 'mine' } }, { name: 'ada' })).toEqual({ value: { a: 'Ada' } })
  expect(await scene.outcome('ask', null, { tenant: { id: 'other' }, granted: ['users.read'] }, { name: 'eve' })).toMatchObject({ code: 'capability-denied' })
  expect(asked).toEqual([['users.read', 'mine', 'user-1', 'ada'], ['users.read', 'other', 'user-1', 'eve']])
})

test('every refusal is an event that says what was refused to whom', async () => {
  await using scene = new Scene("ask: async (_, { users }) => { for (let i = 0; i < 3; i++) await users.names(['a']).catch(() => {}) }", { hostCalls: names })
  await scene.outcome('ask', null, { user: { id: 'user-9', locale: 'en' }, tenant: { id: 'tenant-9' } })
  const refused = { type: 'refused', capability: 'users.read', hostCall: 'users.names', tenant: 'tenant-9', user: 'user-9' }
  expect(scene.events.filter((event) => event.type === 'refused')).toEqual([refused, refused, refused])
})

test('an answer that cannot be had is a refusal, and says nothing of why', async () => {
  let served = 0
  await using scene = new Scene("ask: (_, { users }) => users.names(['a']).catch((error) => [error.code, error.message])", {
    hostCalls: { 'users.names': { ...names['users.names'], handle: async () => ++served } },
    authorise: async (): Promise<boolean> => { throw new Error('select * from opsflux.installation: connection lost') },
  })
  expect(await scene.outcome('ask', null, { granted: ['users.read'] })).toEqual({ value: ['internal', expect.not.stringContaining('select')] })
  expect(served).toBe(0)
})

test('requests and secrets go to the host by name, with what was given and nothing else', async () => {
  const asked: unknown[] = []
  const record = (name: string) => ({ schema: { type: 'object' }, handle: async (args: unknown, caller: Caller) => (asked.push([name, args, caller.name]), name) })
  await using scene = new Scene("ask: async (_, { http, secrets }) => [await http.fetch('https://api.example.com', { method: 'POST', headers: { a: '{{secret.key}}' } }), await http.fetch('https://api.example.com'), await secrets.get('key')]", {
    hostCalls: { 'http.fetch': { ...record('http.fetch'), capability: 'http.fetch' }, 'secrets.get': { ...record('secrets.get'), capability: 'secrets.read' } },
    authorise: () => true,
  })
  expect(await scene.outcome('ask')).toEqual({ value: ['http.fetch', 'http.fetch', 'secrets.get'] })
  expect(asked).toEqual([
    ['http.fetch', { url: 'https://api.example.com', request: { method: 'POST', headers: { a: '{{secret.key}}' } } }, 'tester'],
    ['http.fetch', { url: 'https://api.example.com' }, 'tester'],
    ['secrets.get', { name: 'key' }, 'tester'],
  ])
})
