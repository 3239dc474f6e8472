import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('nothing a module does to its context changes what the next call gets', async () => {
  await using scene = new Scene(
    `tamper: (_, context) => {
      const tries = [
        () => { context.tenant = { id: 'other' } }, () => { context.tenant.id = 'other' }, () => { context.user.id = 'admin' }, () => { context.db.secrets = {} },
        () => { delete context.can }, () => { context.db.incident.find = () => 1 }, () => Object.defineProperty(context, 'can', { value: () => true }),
        () => Object.setPrototypeOf(context, { secrets: 1 }), () => Reflect.set(context.tenant, 'id', 'other') || (() => { throw 1 })(),
      ]
      return tries.map((attempt) => { try { attempt(); return 'done' } catch { return 'refused' } })
    }, look: (_, { tenant, user, can, db }) => [tenant.id, user.id, can('users.read'), Object.keys(db)]`,
    { hostCalls: { 'db.find': echoHostCall } },
  )
  expect(await scene.outcome('tamper')).toEqual({ value: Array.from({ length: 9 }, () => 'refused') })
  expect(await scene.outcome('look')).toEqual({ value: ['tenant-1', 'user-1', false, ['incident']] })
  await scene.expectAlive()
})

test('a module that persuades itself of a capability does not persuade the host', async () => {
  await using scene = new Scene("ask: async (_, { users, can }) => { Array.prototype.includes = () => true; Array.prototype.push.call([], 'users.read'); Object.is = () => true; return [can('users.read'), can({ toString: () => 'users.read' }), await users.names(['a']).catch((error) => error.code)] }", {
    hostCalls: { 'users.names': { capability: 'users.read', schema: {}, handle: async () => ({ a: 'Ada' }) } },
  })
  expect(await scene.outcome('ask')).toEqual({ value: [false, false, 'capability-denied'] })
  await scene.expectAlive()
})
