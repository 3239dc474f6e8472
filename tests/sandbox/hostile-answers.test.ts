import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const answers: [string, string, unknown][] = [
  ['toJSON that lies', '{ toJSON: () => ({ forged: true }) }', { value: { forged: true } }],
  ['toJSON that throws', "{ toJSON() { throw new Error('ha') } }", { code: 'plugin-failed', message: expect.stringContaining('ha') }],
  ['toJSON that loops', '{ toJSON() { for (;;); } }', { code: 'plugin-timeout' }],
  ['a getter that throws a Proxy', '{ get a() { throw new Proxy({}, { get() { throw 1 } }) } }', { code: 'plugin-failed' }],
  ['a Proxy with endless keys', '(() => { let n = 0; return new Proxy({}, { ownKeys: () => Array.from({ length: 1e6 }, () => "k" + n++), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) }) })()', { code: expect.stringMatching(/^plugin-/) }],
  ['a Proxy whose every trap throws', 'new Proxy({}, new Proxy({}, { get() { throw new Error("trap") } }))', { code: 'plugin-failed', message: expect.stringContaining('trap') }],
  ['a revoked Proxy', '(() => { const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy })()', { code: 'plugin-failed' }],
  ['a bigint', '1n', { code: 'plugin-failed' }],
  ['a function', '() => 1', { value: null }],
  ['a symbol', 'Symbol.iterator', { value: null }],
  ['numbers JSON does not know', '[NaN, Infinity, -0]', { value: [null, null, 0] }],
  ['a lone surrogate', '"\\ud800"', { value: '\ud800' }],
  ['itself, the context', 'context', { value: expect.objectContaining({ now: '2026-01-02T03:04:05Z' }) }],
]
for (const [name, answer, expected] of answers) {
  test(`an answer that is ${name} harms its call at most`, async () => {
    await using scene = new Scene(`answer: (_, context) => (${answer})`)
    expect(await scene.outcome('answer')).toMatchObject(expected as object)
    await scene.expectAlive()
  })
}
