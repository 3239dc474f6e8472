import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const thenables: [string, string, unknown][] = [
  ['settles twice', '{ then(yes, no) { yes(1); no(new Error("late")); yes(2) } }', { value: 1 }],
  ['throws after it settled', '{ then(yes) { yes(1); throw new Error("late") } }', { value: 1 }],
  ['throws when then is read', '{ get then() { throw new Error("no then") } }', { code: 'plugin-failed', message: expect.stringContaining('no then') }],
  ['resolves to another, for ever', '(function next() { return { then: (yes) => yes(next()) } })()', { code: expect.stringMatching(/^plugin-/) }],
  ['resolves to itself', '(() => { let yes; const p = new Promise((r) => (yes = r)); yes(p); return p })()', { code: 'plugin-failed' }],
  ['is a promise of a doctored class', '(() => { class Mine extends Promise { static get [Symbol.species]() { throw new Error("species") } } return Mine.resolve(3) })()', { code: 'plugin-failed', message: expect.stringContaining('species') }],
  ['settles after the answer was sent', '{ then(yes) { globalThis.keep = yes; yes(1) } }', { value: 1 }],
]
for (const [name, thenable, expected] of thenables) {
  test(`a thenable that ${name} gives one outcome`, async () => {
    await using scene = new Scene(`answer: () => (${thenable})`)
    expect(await scene.outcome('answer')).toMatchObject(expected as object)
    await scene.expectAlive()
  })
}
