import { PluginSandbox } from '@opsflux/kernel'
import { expect, onTestFinished, test } from 'vitest'
import type { TestContext } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { callInfo } from './scene.ts'

/** Another plugin, running, and the number of its child. */
async function startBystander(skip: TestContext['skip']): Promise<{ pid: number; ping(): Promise<unknown> }> {
  let pid = 0
  let applied: readonly string[] = []
  const sandbox = new PluginSandbox({
    pluginId: 'acme-bystander', version: '1.0.0', source: "export default { routes: { ping: () => 'pong' } }", entities: [], hostCalls: new Map(),
    onEvent: (event) => {
      if (event.type === 'started') pid = event.pid
      if (event.type === 'hardening') ({ applied } = event)
    },
  })
  onTestFinished(() => sandbox.stop())
  await sandbox.check()
  if (!applied.includes('user of its own')) skip('this system gives children no user of their own')
  return { pid, ping: () => sandbox.call('route:ping', null, callInfo, undefined) }
}

test('code outside of the isolate signals neither the host nor another plugin\'s child, where it has a user of its own', async ({ skip }) => {
  const bystander = await startBystander(skip)
  const told = await tellFromOutside(`
    if (process.getuid() === 0) return 'still root: not tried'
    return [${process.pid}, ${process.ppid}, ${bystander.pid}].map((pid) => { try { process.kill(pid, 'SIGKILL'); return 'sent' } catch (error) { return error.code } })`)
  // Not its own, or not even there.
  expect(told).toMatch(/^\["(EPERM|ESRCH)","(EPERM|ESRCH)","(EPERM|ESRCH)"\]$/)
  expect(await bystander.ping()).toBe('pong')
})

test('a child that signals all it can reach ends nobody but itself', async ({ skip }) => {
  const bystander = await startBystander(skip)
  const before = bystander.pid
  const told = await tellFromOutside("if (process.getuid() === 0) return 'still root: not tried'; for (const pid of [-1, 0]) try { process.kill(pid, 'SIGTERM') } catch {} await new Promise((yes) => setTimeout(yes, 200)); return 'survived'")
  expect(told).not.toContain('still root')
  expect(await bystander.ping()).toBe('pong')
  expect(bystander.pid).toBe(before)
})
