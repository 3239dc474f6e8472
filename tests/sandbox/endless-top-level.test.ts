import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const loops: Record<string, string> = {
  'awaits for ever': 'for (;;) await 0',
  'makes a thenable that never ends': 'await (function next() { return { then: (yes) => yes(next()) } })()',
  'loops in a getter of its export': '',
  'loops in a regular expression': "/^(a+)+$/.test('a'.repeat(50) + 'b')",
}
for (const [name, prelude] of Object.entries(loops)) {
  test(`a module that ${name} while it loads is ended within its start-up time`, async () => {
    const options = prelude === '' ? { hooks: "get incident() { for (;;); }" } : { prelude }
    await using scene = new Scene('', { ...options, limits: { startMs: 700 } })
    expect(await scene.outcome('ping')).toMatchObject({ code: 'plugin-timeout', message: expect.stringContaining('did not start') })
    expect(scene.deaths).toEqual(['timeout'])
    await scene.sandbox.stop()
  })
}
