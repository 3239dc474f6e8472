import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Matching, compiling or parsing that takes for ever, outside of anything JavaScript could interrupt by itself.
const patterns: Record<string, string> = {
  'repeats within repeats': "/^(a+)+$/.test('a'.repeat(50) + 'b')",
  'counts within counts': "new RegExp('(?:a{1,65535}){1,65535}b').test('a'.repeat(1e5))",
  'nested look-ahead': "new RegExp('(?='.repeat(3e4) + ')'.repeat(3e4)).test('')",
  'a split': "'a'.repeat(1e5).split(/(a*)*b/).length",
  'two hundred thousand alternatives': "new RegExp(Array.from({ length: 2e5 }, (_, n) => 'k' + n).join('|'), 'i').test('zzz')",
  'properties of letters without case': "new RegExp('(\\\\p{L}\\\\p{N})'.repeat(3e3), 'iu').test('x')",
  'a hundred thousand groups': "new RegExp('()'.repeat(1e5)).exec('').length",
  'a new pattern each time': "(() => { for (let n = 0; ; n++) new RegExp('(a' + n + '|b)*c{1,500}').test('ab'.repeat(50)) })()",
  'sticky matches': "(() => { const r = /x*/y; for (;;) { r.lastIndex = 0; r.test('x'.repeat(1e6)) } })()",
}
for (const [name, pattern] of Object.entries(patterns)) {
  test(`a regular expression of ${name} costs at most its call`, async () => {
    await using scene = new Scene(`match: () => ${pattern}`, { limits: { callMs: 600 } })
    const outcome = await scene.outcome('match')
    if (!('value' in outcome)) expect(outcome.code).toMatch(/^plugin-(failed|timeout)$/)
    await scene.expectAlive()
  })
}
