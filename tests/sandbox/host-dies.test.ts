import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
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
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    process_.kill('SIGKILL')
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 })
  })
}
