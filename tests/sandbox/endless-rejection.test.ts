import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Read by the child once the call's own code is done: whoever reads must not be held.
const errors: Record<string, string> = {
  'its message': "Object.defineProperty(new Error(), 'message', { get() { for (;;); } })",
  'its stack': "Object.defineProperty(new Error('x'), 'stack', { get() { for (;;); } })",
  'its name': "new (class extends Error { get name() { for (;;); } })('x')",
  'its text': "{ toString() { for (;;); } }",
  'its prototype': 'new Proxy(new Error(), { getPrototypeOf() { for (;;); }, get() { for (;;); } })',
}
for (const [name, error] of Object.entries(errors)) {
  test(`an unhandled rejection that loops when ${name} is read is ended or not read`, async () => {
    await using scene = new Scene(`lose: () => { Promise.reject(${error}); return 'fine' }`, { limits: { callMs: 500 } })
    const outcome = await scene.outcome('lose')
    expect('value' in outcome ? outcome.value : outcome.code).toEqual(expect.stringMatching(/^(fine|plugin-timeout)$/))
    for (const reason of scene.deaths) expect(reason).toBe('timeout')
    await scene.expectAlive()
  })
}

test('a stack formatter that loops is ended', async () => {
  await using scene = new Scene('lose: () => { Error.prepareStackTrace = () => { for (;;); }; Promise.reject(new Error()); return "fine" }', { limits: { callMs: 500 } })
  expect(await scene.outcome('lose')).toMatchObject({ code: 'plugin-timeout' })
  await scene.expectAlive()
})
