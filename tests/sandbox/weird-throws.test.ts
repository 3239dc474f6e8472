import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const thrown = ['undefined', 'null', '0', "'text'", 'Symbol()', '1n', '() => 1', '[]', '{}', 'new Proxy({}, { get() { throw new Proxy({}, {}) } })', 'new Proxy(new Error("x"), { getPrototypeOf() { for (const x of [1]) throw x } })', 'Object.create(null)', '{ message: { toString() { throw 1 } } }', '{ get message() { throw 1 } }', '{ code: {}, message: 5, field: [] }', 'new Error("x".repeat(1e6))', 'new AggregateError([new Error("a")], "many")', 'globalThis', 'context']
for (const value of thrown) {
  test(`throwing ${value} is a failure of the call and nothing more`, async () => {
    await using scene = new Scene(`sync: (_, context) => { throw (${value}) }, later: async (_, context) => { await 0; throw (${value}) }`)
    for (const route of ['sync', 'later']) {
      const outcome = await scene.outcome(route)
      expect(outcome).toMatchObject({ code: 'plugin-failed' })
      expect('message' in outcome && outcome.message.length).toBeLessThan(600)
    }
    expect(scene.deaths).toEqual([])
    await scene.expectAlive()
  })
}

test('a refusal keeps its message and its field (refuse)', async () => {
  await using scene = new Scene("say: () => { throw Object.assign(new Error('It cannot be in the future.'), { code: 'refused-by-module', field: 'occurredAt' }) }")
  expect(await scene.outcome('say')).toEqual({
    code: 'refused-by-module',
    message: 'It cannot be in the future.',
    data: { plugin: 'acme-attacker', field: 'occurredAt', errors: [{ path: '/occurredAt', code: 'refused-by-module', message: 'It cannot be in the future.' }] },
  })
})
