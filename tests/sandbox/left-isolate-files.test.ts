import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

const onLinux = process.platform === 'linux'
const tries: Record<string, string> = {
  'reads a file of the system': "return require('node:fs').readFileSync('/etc/passwd', 'utf8')",
  'reads the environment of the host': "return require('node:fs').readFileSync(`/proc/${process.ppid}/environ`, 'utf8')",
  'reads its own memory map': "return require('node:fs').readFileSync('/proc/self/maps', 'utf8')",
  'lists a folder': "return require('node:fs').readdirSync('/')",
  'reads through a promise': "return await require('node:fs/promises').readFile('/etc/hosts', 'utf8')",
  'reads through a blob': "return (await (await require('node:fs').openAsBlob('/etc/hosts')).text())",
  'reads through a symbolic link': "require('node:fs').symlinkSync('/etc/passwd', '/tmp/opsflux-escape'); return 'linked'",
  'writes a file': "require('node:fs').writeFileSync('/tmp/opsflux-escape', 'x'); return 'written'",
  'writes a report': "return process.report.writeReport('/tmp/opsflux-escape')",
  'writes a heap snapshot': "return require('node:v8').writeHeapSnapshot('/tmp/opsflux-escape')",
  'takes the internal bindings': "return Object.keys(process.binding('fs'))",
  'gives itself permissions back': "process.permission.has = () => true; return require('node:fs').readFileSync('/etc/passwd', 'utf8')",
}
for (const [name, body] of Object.entries(tries)) {
  test.runIf(onLinux)(`code outside of the isolate that ${name} gets nothing`, async () => {
    await using neighbour = new Scene('')
    expect(await tellFromOutside(body)).toMatch(/^ERR_ACCESS_DENIED$/)
    expect(existsSync('/tmp/opsflux-escape')).toBe(false)
    await neighbour.expectAliveAlone()
  })
}
