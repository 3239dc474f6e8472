import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

// Every function the module can touch, its constructor asked for what only a host process has.
const routes = `escape: async (input, context) => {
  const functions = [context.can, context.log.info, context.users.names, context.db.incident.find, context.db.incident.create, Promise.resolve, JSON.parse, async () => {}, function* () {}, class {}, ArrayBuffer]
  const things = [input, context.db.incident.count(), ...functions, await context.db.incident.count({}), new Error('x'), Symbol, globalThis]
  const found = []
  for (const thing of things) for (const code of ['return typeof process', 'return typeof require', 'return typeof send', 'return typeof calls', 'return typeof $0', 'return typeof module']) {
    try { found.push(thing.constructor.constructor(code)()) } catch (error) { found.push('undefined') }
  }
  return [...new Set(found.map(String))].filter((type) => !type.startsWith('[object'))
}`

test('the constructor of a constructor leads nowhere but into the isolate', async () => {
  await using scene = new Scene(routes, { hostCalls: { 'db.count': echoHostCall } })
  expect(await scene.outcome('escape', { any: 'input' })).toEqual({ value: ['undefined'] })
  await scene.expectAlive()
})
