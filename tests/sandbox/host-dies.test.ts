import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'

const host = (route: string): string => `
import { PluginSandbox } from '@opsflux/kernel'
const sandbox = new PluginSandbox({ pluginId: 'acme-orphan', version: '1.0.0', source: 'export default { routes: { ping: () => 1, loop: () => { for (;;); } } }', entities: [], hostCalls: new Map(), limits: { callMs: 60_000 },
  onEvent: (event) => { if (event.type === 'started') console.log(event.pid) } })
const info = { user: { id: 'u', locale: 'en' }, tenant: { id: 't' }, now: '', granted: [] }
await sandbox.check()
await sandbox.call('route:${route}', null, info, undefined)
setInterval(() => {}, 1000)`

for (const route of ['ping', 'loop']) {
  test.runIf(process.platform === 'linux')(`a child does not outlive a killed host (${route})`, async () => {
    const process_ = spawn(process.execPath, ['--input-type=module', '-e', host(route)], { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] })
    const [line]: unknown[] = await once(process_.stdout, 'data')
    const pid = Number(String(line))
    const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    process_.kill('SIGKILL')
    // Its launcher neither, where there is one.
    await vi.waitFor(() => expect([pid, parent].filter((one) => existsSync(`/proc/${one}`))).toEqual([]), { timeout: 10_000 })
  })
}
