// Run by ordinary-user.test.ts in a process of its own, as a user that is not root: code that got out of the isolate tries to end its host.
import { PluginSandbox } from '@opsflux/kernel'
import { withHostileProgram } from './hostile-program.ts'

const attack = `host.on('data', () => {})
for (const pid of [${process.pid}, process.ppid, -1, 0]) try { process.kill(pid, 'SIGKILL') } catch {}
setTimeout(() => host.write(encodeFrame(frameKind.refused, 0, 0, 'it is still there')), 200)`
let applied: readonly string[] = []
const sandbox = new PluginSandbox({
  pluginId: 'acme-escaped', version: '1.0.0', source: 'export default {}', entities: [], hostCalls: new Map(),
  onEvent: (event) => { if (event.type === 'hardening') ({ applied } = event) },
})
const told = await withHostileProgram(attack, () => sandbox.check().then(() => 'ready', (error: Error) => error.message))
await sandbox.stop()
process.stdout.write(JSON.stringify({ applied, told }))
