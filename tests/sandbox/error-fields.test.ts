import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const refusal = (fields: string): string => `Object.assign(new Error('no'), { code: 'refused-by-module', ${fields} })`
const thrown: [string, string, object][] = [
  ['a field of a million characters', refusal("field: 'x'.repeat(1e6)"), { code: 'refused-by-module' }],
  ['a field that walks up a path', refusal("field: '../../tenant/id'"), { code: 'refused-by-module' }],
  ['a field that is an object', refusal('field: { toString: () => "site" }'), { code: 'refused-by-module', data: { plugin: 'acme-attacker' } }],
  ['data and a status of its own', refusal("data: { plugin: 'core' }, status: 200, errors: [{ path: '/password' }]"), { code: 'refused-by-module', data: { plugin: 'acme-attacker' } }],
  ['a code that is almost right', "Object.assign(new Error('no'), { code: 'Refused-By-Module' })", { code: 'plugin-failed' }],
  ['a code that changes when read twice', "Object.defineProperty(new Error('no'), 'code', { get: (() => { let n = 0; return () => n++ ? 'internal' : 'refused-by-module' })() })", { code: 'refused-by-module' }],
  ['a message with markup and controls', "new Error('<img src=x onerror=alert(1)>\\u001b[31m\\r\\nSet-Cookie: a=b')", { code: 'plugin-failed' }],
  ['a host call of another call', "Object.assign(new Error('no'), { hostCall: 1, origin: 1 })", { code: 'plugin-failed' }],
]
for (const [name, error, expected] of thrown) {
  test(`an error with ${name} says no more than a failure of the module`, async () => {
    await using scene = new Scene(`fail: () => { throw ${error} }`)
    const outcome = await scene.outcome('fail')
    expect(outcome).toMatchObject(expected)
    expect(JSON.stringify(outcome).length).toBeLessThan(1500)
    expect('data' in outcome && outcome.data).toMatchObject({ plugin: 'acme-attacker' })
    await scene.expectAlive()
  })
}
