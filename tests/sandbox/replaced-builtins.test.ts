import { expect, test } from 'vitest'
import { echoHostCall, Scene } from './scene.ts'

// Whatever the bridge would use of these after the module loaded would be seen here.
const prelude = `
const used = []
const { apply, construct } = Reflect
const spy = (owner, name) => {
  const native = owner[name]
  if (typeof native === 'function') owner[name] = function (...args) { if (watching) used[used.length] = name; return apply(native, this, args) }
}
let watching = false
for (const [owner, names] of [
  [JSON, ['parse', 'stringify']], [Object, ['freeze', 'create', 'keys', 'entries', 'assign', 'defineProperty']], [Reflect, ['construct', 'defineProperty', 'ownKeys', 'get']],
  [Promise.prototype, ['then', 'catch', 'finally']], [Promise, ['resolve', 'reject', 'all']], [Map.prototype, ['get', 'set', 'delete']], [WeakMap.prototype, ['get', 'set', 'has']],
  [Array.prototype, ['push', 'includes', 'map', 'slice', 'forEach']], [String.prototype, ['slice', 'substring', 'split']], [Function.prototype, ['call', 'apply', 'bind']],
]) for (const name of names) spy(owner, name)
for (const name of ['Promise', 'Error', 'Map', 'WeakMap', 'Object', 'String', 'Proxy']) { const Native = globalThis[name]; globalThis[name] = new Proxy(Native, { construct: (...args) => { if (watching) used[used.length] = 'new ' + name; return construct(...args) } }) }
`

test('the bridge uses none of the built-ins a module can replace', async () => {
  await using scene = new Scene('ask: (_, { db, log, can }) => { watching = true; const p = db.incident.count({ a: 1 }); log.info("x"); can("users.read"); return p }, used: () => { watching = false; return used }', {
    prelude,
    hostCalls: { 'db.count': echoHostCall },
  })
  expect(await scene.outcome('ask')).toEqual({ value: { entity: 'incident', where: { a: 1 } } })
  // Resolving a promise with a promise calls its then, by the language; nothing else.
  const outcome = await scene.outcome('used')
  expect(outcome).toEqual({ value: expect.any(Array) })
  expect('value' in outcome && (outcome.value as string[]).filter((name) => name !== 'then')).toEqual([])
})
