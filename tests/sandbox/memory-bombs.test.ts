import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Each outruns or aborts an isolate whose own limit is 64 MB.
const bombs: Record<string, string> = {
  'an array of arrays': 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))',
  'objects kept in a Map': 'const all = new Map(); for (let i = 0; ; i++) all.set(i, { i })',
  'strings that are flattened': "const all = []; for (;;) { const text = 'ab'.repeat(5e7) + all.length; text.charCodeAt(7); all.push(JSON.stringify(text)) }",
  'buffers that are written to': 'const all = []; try { for (;;) all.push(new Uint8Array(4e6).fill(7)) } catch { for (;;) all.push(all.slice(0, 5e5)) }',
  'one huge array': "return new Array(1e9).fill(0).join('x')",
  'a key for every number': 'const all = {}; for (let i = 0; ; i++) all["k" + i] = "v".repeat(100) + i',
  'a promise chain that is never cut': 'const all = []; for (;;) all.push(Promise.resolve(all.length).then((x) => x))',
  'a thrown bomb': "const parts = []; for (let i = 0; i < 3e4; i++) parts.push('x'.repeat(1e4) + i); throw new Error(parts.join())",
}
for (const [name, body] of Object.entries(bombs)) {
  test(`a memory bomb of ${name} costs at most its child`, async () => {
    await using scene = new Scene(`bomb: () => { ${body} }`, { limits: { callMs: 2000 } })
    expect(await scene.outcome('bomb')).toMatchObject({ code: expect.stringMatching(/^plugin-(failed|timeout)$/) })
    await scene.expectAlive()
  })
}
