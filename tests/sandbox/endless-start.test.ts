import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const reasons: [string, string, RegExp, string][] = [
  ['loops', 'for (;;);', /did not start within/, 'plugin-timeout'],
  ['throws', "throw new Error('no moon today')", /no moon today/, 'plugin-failed'],
  ['throws nothing readable', 'throw new Proxy({}, { get() { throw 1 } })', /could not be started/, 'plugin-failed'],
  ['does not parse', 'let let = 1', /could not be started/, 'plugin-failed'],
  ['waits for ever', 'await new Promise(() => {})', /could not be started/, 'plugin-failed'],
  ['fills its memory', 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))', /more memory/, 'plugin-failed'],
]
for (const [what, prelude, message, code] of reasons) {
  test(`a module that ${what} while it loads fails the calls that wait for it`, async () => {
    await using scene = new Scene('', { prelude, limits: { startMs: what === 'fills its memory' ? 5000 : 800 } })
    const outcome = await scene.outcome('ping')
    expect(outcome).toMatchObject({ code, message: expect.stringMatching(message) })
  })
}
