import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const handlers: [string, string, unknown][] = [
  ['a Proxy that lies about its calls', 'new Proxy(() => 1, { apply: () => 2 })', { value: 2 }],
  ['a Proxy whose trap throws', "new Proxy(() => 1, { apply() { throw new Error('trap') } })", { code: 'plugin-failed' }],
  ['a revoked Proxy of a function', '(() => { const { proxy, revoke } = Proxy.revocable(() => 1, {}); globalThis.revoke = revoke; return proxy })()', { value: 1 }],
  ['a bound function', "(function () { return this.x }).bind({ x: 'bound' })", { value: 'bound' }],
  ['a generator', 'function* () { for (;;) yield 1 }', { value: {} }],
  ['an async generator', 'async function* () { for (;;) yield 1 }', { value: {} }],
  ['a class', 'class {}', { code: 'plugin-failed' }],
  ['a function that returns itself', 'function self() { return self }', { value: null }],
  ['eval', 'globalThis.eval', { value: null }],
  ['Function', 'Function', { value: null }],
  ['Symbol', 'Symbol', { value: null }],
  ['a function whose apply is replaced', "Object.assign(() => 'mine', { apply: () => 'theirs', call: () => 'theirs' })", { value: 'mine' }],
]
for (const [name, handler, expected] of handlers) {
  test(`a handler that is ${name} gives one outcome`, async () => {
    await using scene = new Scene(`odd: ${handler}`)
    const outcome = await scene.outcome('odd')
    if (name === 'Function') expect(outcome).toMatchObject({ code: expect.any(String) })
    else expect(outcome).toMatchObject(expected as object)
    await scene.expectAlive()
  })
}
