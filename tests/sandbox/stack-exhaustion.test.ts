import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

// Recursion in V8's own code: where the engine forgot a check, the process dies, and only the process.
const recursions: Record<string, string> = {
  'toJSON': 'const f = () => JSON.stringify({ toJSON: f }); return f()',
  'comparators': 'const f = () => [1, 2].sort(f); return f()',
  'a chain of proxies': 'let p = {}; for (let n = 0; n < 1e5; n++) p = new Proxy(p, {}); return p.x',
  'a proxy that is its own prototype': 'const p = new Proxy({}, {}); Object.setPrototypeOf(p, p); return p.x',
  'instanceof': 'const p = new Proxy({}, { getPrototypeOf: () => p }); return p instanceof Object',
  'bound functions': 'let f = () => 1; for (let n = 0; n < 1e5; n++) f = f.bind(null); return f()',
  'derived classes': 'let C = class {}; for (let n = 0; n < 5e3; n++) C = class extends C {}; return String(new C())',
  'parentheses': "return (0, eval)('('.repeat(1e5) + '1' + ')'.repeat(1e5))",
  'templates': "return (0, eval)('`${'.repeat(1e4) + '1' + '}`'.repeat(1e4))",
  'functions in functions': "return (0, eval)('function f(){'.repeat(5e3) + '}'.repeat(5e3))",
  'patterns': "return (0, eval)('var ' + '['.repeat(3e4) + 'x' + ']'.repeat(3e4) + ' = []')",
  'groups': "return new RegExp('('.repeat(5e4) + ')'.repeat(5e4)).test('')",
  'classes of letters': "return new RegExp('['.repeat(3e4) + ']'.repeat(3e4), 'v').test('')",
  'flat': 'let a = []; for (let n = 0; n < 1e6; n++) a = [a]; return a.flat(Infinity).length',
  'a reviver': "return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5), (key, value) => value).length",
  'ropes': "let s = 'a'; for (let n = 0; n < 1e6; n++) s = n % 2 ? s + 'b' : 'b' + s; return s.charCodeAt(3)",
  'causes': "let e = new Error('x'); for (let n = 0; n < 1e5; n++) e = new Error('y', { cause: e }); throw e",
  'generators': 'const f = function* () { yield* f() }; return [...f()]',
  'async functions': 'const f = async () => await f(); return f()',
  'replacers': "const f = () => 'x'.replace('x', f); return f()",
  'the message of an error': 'throw { get message() { return this.message } }',
}
for (const [name, body] of Object.entries(recursions)) {
  test(`recursion in ${name} costs at most its call`, async () => {
    await using scene = new Scene(`recurse: () => { ${body} }`)
    const outcome = await scene.outcome('recurse')
    if (!('value' in outcome)) expect(outcome.code).toMatch(/^plugin-/)
    await scene.expectAlive()
  })
}
