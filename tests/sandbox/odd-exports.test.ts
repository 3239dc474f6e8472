import { PluginSandbox } from '@opsflux/kernel'
import { expect, test } from 'vitest'
import { callInfo, Scene } from './scene.ts'

const starts = { hooks: {}, routes: ['ping'], jobs: [] }
const modules: [string, string, unknown][] = [
  ['a Proxy that is honest', 'export default new Proxy({ routes: { ping: () => 1 } }, { get: (target, name) => target[name] })', starts],
  ['a Proxy that was revoked', 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); export default proxy', 'revoked'],
  ['a Proxy with a million handlers', 'export default { routes: new Proxy({}, { ownKeys: () => Array.from({ length: 1e6 }, (_, n) => "k" + n), getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }), get: () => () => 1 }) }', 'plugin-'],
  ['handlers behind getters that throw', "export default { get routes() { throw new Error('not today') } }", 'not today'],
  ['a thenable', 'export default { routes: { ping: () => 1 }, then: (yes) => yes(1) }', starts],
  ['a namespace with then', 'export function then(yes) { yes(1) }\nexport default { routes: { ping: () => 1 } }', starts],
  ['a class as handler', 'export default { routes: { ping: class {} } }', starts],
  ['a text as routes', "export default { routes: 'ping' }", 'not a function'],
  ['a number as handler', 'export default { routes: { ping: 5 } }', 'not a function'],
  ['null as routes', 'export default { routes: null }', 'plugin-failed'],
  ['a function', 'export default () => 1', 'default export'],
  ['nothing', 'export const ping = () => 1', 'default export'],
  ['a default read before it is there', 'await new Promise(() => {}); export default { routes: { ping: () => 1 } }', 'before initialization'],
]
for (const [name, source, expected] of modules) {
  test(`a module whose default export is ${name} starts or says why not`, async () => {
    await using neighbour = new Scene('')
    const sandbox = new PluginSandbox({ pluginId: 'acme-odd', version: '1.0.0', source, entities: [], hostCalls: new Map(), limits: { startMs: 4000 } })
    try {
      const told = await sandbox.check().catch((error: { code: string; message: string }) => `${error.code} ${error.message}`)
      expect(told).toEqual(typeof expected === 'string' ? expect.stringContaining(expected) : expected)
      expect(told).not.toEqual(expect.stringMatching(/node:|file:|\.ts/))
      if (typeof expected !== 'string') await sandbox.call('route:ping', null, callInfo, { name: 'tester' }).catch((error: { code: string }) => expect(error.code).toBe('plugin-failed'))
    } finally {
      await sandbox.stop()
    }
    await neighbour.expectAliveAlone()
  })
}
