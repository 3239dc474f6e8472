import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'

// A host that was itself started with descriptors nobody meant it to have, above a gap: what it was given is not looked for there by Node.
const host = `
import { PluginSandbox } from '@opsflux/kernel'
const sandbox = new PluginSandbox({ pluginId: 'acme-heir', version: '1.0.0', source: 'export default { routes: { ping: () => 1 } }', entities: [], hostCalls: new Map(),
  onEvent: (event) => { if (event.type === 'started') console.log(event.pid) } })
await sandbox.check()
setInterval(() => {}, 1000)`

test.runIf(process.platform === 'linux')('a child holds nothing the host itself was started with', async () => {
  const file = openSync(import.meta.filename, 'r')
  const stdio = [...Array<'ignore'>(3).fill('ignore'), file, file, ...Array<'ignore'>(20).fill('ignore'), file, file, ...Array<'ignore'>(40).fill('ignore'), file]
  const process_ = spawn(process.execPath, ['--input-type=module', '-e', host], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit', ...stdio.slice(3)] })
  try {
    const [line]: unknown[] = await once(process_.stdout ?? process_, 'data')
    const pid = Number(String(line))
    const held = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
    expect(held.filter((link) => link.includes(import.meta.filename))).toEqual([])
  } finally {
    process_.kill('SIGKILL')
    closeSync(file)
  }
})
