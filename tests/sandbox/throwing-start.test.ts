import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const thrown: [string, string][] = [
  ['an error with the words of a time-out', "throw new Error('Script execution timed out.')"],
  ['a Proxy', 'throw new Proxy({}, { get() { throw 1 } })'],
  ['a symbol', 'throw Symbol()'],
  ['nothing', 'throw undefined'],
  ['an error that cannot be read', 'throw Object.defineProperty(new Error(), "message", { get() { throw new Proxy({}, {}) } })'],
  ['an error of ten million characters', "throw new Error('x'.repeat(1e7))"],
  ['control characters', "throw new Error('\\u001b[31mred\\r\\nsecond line\\0')"],
  ['a text that does not parse', '}'],
  ['parentheses without end', '('.repeat(200_000)],
  ['a rejection', 'await Promise.reject(new Error("late"))'],
]
for (const [name, prelude] of thrown) {
  test(`a module that throws ${name} while it loads is refused with a bounded message`, async () => {
    await using scene = new Scene('', { prelude })
    const outcome = await scene.outcome('ping')
    expect(outcome).toMatchObject({ code: 'plugin-failed', message: expect.stringContaining('acme-attacker could not be started') })
    expect('message' in outcome && outcome.message.length).toBeLessThan(700)
    expect(JSON.stringify(outcome)).not.toMatch(/node:|file:|at (?:load|receive|runChild)/)
    expect(scene.deaths).toEqual(['start'])
  })
}
