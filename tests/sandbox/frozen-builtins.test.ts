import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('a module that freezes every built-in still gets its answers and its errors', async () => {
  await using scene = new Scene(
    "ask: async (_, { db, log }) => { log.info('line'); return [await db.incident.count({ a: 1 }), await db.incident.delete('x').catch((error) => error.code)] }, fail: () => { throw new Error('mine') }",
    {
      prelude: `
        const done = new Set()
        const freeze = (thing) => {
          if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null || done.has(thing)) return
          done.add(thing)
          for (const key of Reflect.ownKeys(thing)) { const { value, get } = Object.getOwnPropertyDescriptor(thing, key); freeze(value); freeze(get) }
          freeze(Object.getPrototypeOf(thing))
          Object.freeze(thing)
        }
        freeze(globalThis); freeze(async () => {}); freeze(function* () {}); freeze(async function* () {})`,
      hostCalls: { 'db.count': echoHostCall, 'db.delete': { schema: {}, handle: () => Promise.reject(new Error('no')) } },
    },
  )
  expect(await scene.outcome('ask')).toEqual({ value: [{ entity: 'incident', where: { a: 1 } }, 'internal'] })
  expect(await scene.outcome('fail')).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('mine') })
  expect(scene.log).toEqual(['line'])
  await scene.expectAlive()
})
