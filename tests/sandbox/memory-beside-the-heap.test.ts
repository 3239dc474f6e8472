import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Memory an isolate's own limit does not count, or counts late.
const bombs: Record<string, string> = {
  'date formats': "const all = []; for (;;) all.push(new Intl.DateTimeFormat('ar-EG', { dateStyle: 'full', calendar: 'islamic' }))",
  'number formats': "const all = []; for (;;) all.push(new Intl.NumberFormat('de', { style: 'unit', unit: 'liter' }))",
  'text segments': "const all = []; for (;;) all.push([...new Intl.Segmenter('th', { granularity: 'word' }).segment('ก'.repeat(1e4))])",
  'small buffers': 'const all = []; for (;;) { try { all.push(new Uint8Array(2 ** 16).fill(1)) } catch { for (;;) all.push({}) } }',
  'buffers that are transferred': 'let b = new ArrayBuffer(8); for (;;) { try { b = b.transfer(b.byteLength * 2) } catch { b = new ArrayBuffer(8) } }',
  'functions made of text': "const all = []; for (let n = 0; ; n++) all.push(new Function('return ' + n))",
  'templates made of text': "for (let n = 0; ; n++) (0, eval)('((x) => x)`' + n + '`')",
  'symbols': 'const all = new Map(); for (let n = 0; ; n++) all.set(Symbol(n), 1)',
  'weak keys': 'const all = new WeakMap(); for (;;) all.set({}, new Array(1000))',
  'generators that wait': 'const all = []; for (;;) { const g = (function* () { const x = new Array(100); yield x })(); g.next(); all.push(g) }',
  'async functions that wait': 'for (;;) (async () => { await new Promise(() => {}) })()',
  'disposals': 'const stack = new DisposableStack(); for (;;) stack.defer(() => {})',
  'iterators upon iterators': 'let all = [1].values(); for (;;) all = all.map((x) => x)',
  'proxies of proxies': 'let p = {}; for (;;) p = new Proxy(p, {})',
}
for (const [name, body] of Object.entries(bombs)) {
  test(`a bomb of ${name} costs at most its child`, async () => {
    await using scene = new Scene(`bomb: () => { ${body} }`, { limits: { callMs: 1200 } })
    expect(await scene.outcome('bomb')).toMatchObject({ code: expect.stringMatching(/^plugin-(failed|timeout)$/) })
    for (const reason of scene.deaths) expect(reason).toMatch(/^(memory|timeout)$/)
    await scene.expectAlive()
  })
}
