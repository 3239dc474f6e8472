import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('a module that deletes every global and every method of every prototype still speaks through the bridge', async () => {
  await using scene = new Scene("ask: async (_, { db, log, user }) => { log.info('line'); return [await db.incident.count({ a: 1 }), user.id] }, fail: () => { throw { message: 'mine' } }", {
    prelude: `
      const { ownKeys, deleteProperty } = Reflect
      const prototypes = [Function, Array, String, Number, Promise, Error, Map, WeakMap, RegExp, Symbol, ArrayBuffer, Object].map((one) => one.prototype)
      const owners = [...prototypes, Array, String, Promise, Error, JSON, Math, Object, Reflect]
      // All but what the language itself calls to wait for a promise.
      const strip = (owner) => { const names = ownKeys(owner); for (let n = 0; n < names.length; n++) if (names[n] !== 'constructor' && names[n] !== 'then') deleteProperty(owner, names[n]) }
      for (let n = 0; n < owners.length; n++) strip(owners[n])
      strip(globalThis)`,
    hostCalls: { 'db.count': echoHostCall },
  })
  expect(await scene.outcome('ask')).toEqual({ value: [{ entity: 'incident', where: { a: 1 } }, 'user-1'] })
  expect(await scene.outcome('fail')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('mine') })
  expect(scene.log).toEqual(['line'])
  await scene.expectAlive()
})
