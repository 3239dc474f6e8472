import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

const tries: Record<string, string> = {
  'starts a program': "return require('node:child_process').spawnSync('/bin/sh', ['-c', 'id']).stdout.toString()",
  'forks itself': "return require('node:child_process').fork('/dev/null').pid",
  'becomes another program': "process.execve('/bin/sh', ['sh', '-c', 'id'], {}); return 'became it'",
  'starts a thread': "new (require('node:worker_threads').Worker)('1', { eval: true }); return 'started'",
  'starts WASI': "new (require('node:wasi').WASI)({ version: 'preview1', preopens: { '/': '/' } }); return 'started'",
  'opens the inspector': "require('node:inspector').open(0); return 'open'",
  'opens a session with itself': "new (require('node:inspector').Session)().connect(); return 'connected'",
  'takes the binding of processes': "return typeof process.binding('process_wrap').Process",
}
for (const [name, body] of Object.entries(tries)) {
  test(`code outside of the isolate that ${name} is refused`, async () => {
    await using neighbour = new Scene('')
    expect(await tellFromOutside(body)).toMatch(/^ERR_(ACCESS_DENIED|INVALID_MODULE)$/)
    await neighbour.expectAliveAlone()
  })
}

test.runIf(process.getuid?.() === 0)('code outside of the isolate does not become root again', async () => {
  expect(await tellFromOutside("const tries = [() => process.setuid(0), () => process.seteuid(0), () => process.setgid(0), () => process.setgroups([0]), () => process.initgroups('root', 0)]; return [...tries.map((attempt) => { try { attempt(); return 'done' } catch (error) { return error.code } }), process.getuid() === 0]")).toMatch(/^\["EPERM","EPERM","EPERM","EPERM","EPERM",false\]$/)
})
