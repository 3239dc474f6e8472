import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Known to abort a whole process that embeds V8 (isolated-vm issues 107 and 527, and their like), or to block it in one instruction.
const lines: Record<string, string> = {
  'spreads a gigantic text': "[...'.'.repeat(5e8)].length",
  'copies a buffer backwards into an array': '(() => { const a = new Uint8Array(3e7), v = new Array(a.length); let n = v.length; while (n--) v[n] = a[n]; return v.length })()',
  'passes a hundred million arguments': 'String.fromCharCode.apply(null, { length: 1e8 })',
  'spreads ten million arguments': 'Math.max(...new Array(1e7).fill(1))',
  'raises a large number': '2n ** (2n ** 29n) > 0n && String(2n ** (2n ** 29n)).length',
  'squares a number again and again': '(() => { let x = 3n; for (let n = 0; n < 26; n++) x *= x; return String(x).length })()',
  'sorts an array of two thousand million holes': '(() => { const a = []; a[2 ** 31] = 1; a.sort(); return 1 })()',
  'joins holes': "Array(2 ** 32 - 1).join('x').length",
  'splits the longest text': "'x'.repeat(2 ** 29 - 25).split('').length",
  'pads and normalises': "'x'.padEnd(2 ** 29 - 30).normalize('NFKD').length",
  'makes a text upper case that grows': "'ß'.repeat(2e8).toUpperCase().length",
  'compares long texts by locale': "'é'.repeat(1e8).localeCompare('é'.repeat(1e8) + 'x')",
  'writes a gigantic JSON text': "JSON.stringify(new Array(4e6).fill('x'.repeat(100))).length",
  'doubles a text by replacing': "(() => { let s = 'x'; for (let n = 0; n < 28; n++) s = s.replace(/x/g, 'xx'); return s.length })()",
  'has seventy thousand parameters': "Function(...Array.from({ length: 70000 }, (_, n) => 'a' + n), '')()",
}
for (const [name, line] of Object.entries(lines)) {
  test(`a line that ${name} costs at most its child`, async () => {
    await using scene = new Scene(`run: () => ${line}`, { limits: { callMs: 700 } })
    const outcome = await scene.outcome('run')
    if (!('value' in outcome)) expect(outcome.code).toMatch(/^plugin-(failed|timeout)$/)
    await scene.expectAlive()
  })
}
