import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

test('objects with every well-known symbol doctored cross as plain data or not at all', async () => {
  await using scene = new Scene(
    `send: async (_, { db, log, users, can }) => {
      const evil = { a: 1 }
      for (const name of ['toPrimitive', 'iterator', 'asyncIterator', 'toStringTag', 'hasInstance', 'species', 'unscopables', 'isConcatSpreadable', 'dispose'])
        if (Symbol[name]) evil[Symbol[name]] = () => { throw new Error(name) }
      let logged = 'fine'
      try { log.info(evil) } catch (error) { logged = error.message }
      return [await db.incident.count(evil), logged, can(evil), can({ toString: () => 'users.read' })]
    }`,
    { hostCalls: { 'db.count': echoHostCall } },
  )
  expect(await scene.outcome('send', null, { granted: ['users.read'] })).toEqual({ value: [{ entity: 'incident', where: { a: 1 } }, 'toPrimitive', false, false] })
  await scene.expectAlive()
})

test('species and constructors set on Promise.prototype do not touch the bridge', async () => {
  await using scene = new Scene('ask: async (_, { db }) => [await db.incident.count(), taken]', {
    prelude: `let taken = 0
      function Thief(executor) { return new Native((yes, no) => { taken++; executor(yes, no) }) }
      const Native = Promise
      Object.defineProperty(Promise.prototype, 'constructor', { value: { [Symbol.species]: Thief } })`,
    hostCalls: { 'db.count': { ...echoHostCall, handle: async () => 5 } },
  })
  expect(await scene.outcome('ask')).toMatchObject({ value: [5, expect.any(Number)] })
  await scene.expectAlive()
})
