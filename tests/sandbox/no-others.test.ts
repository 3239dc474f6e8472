import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { PluginSandbox } from '@opsflux/kernel'
import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

async function requires(measure: string): Promise<{ pid: number; isMissing: boolean; scene: Scene }> {
  const scene = new Scene('loop: () => { for (;;); }, fill: () => { const all = []; for (;;) all.push([all.length]) }')
  await scene.expectAliveAlone()
  const [hardening] = scene.events.filter((event) => event.type === 'hardening')
  const [started] = scene.events.filter((event) => event.type === 'started')
  return { pid: started?.pid ?? 0, isMissing: !hardening?.applied.includes(measure), scene }
}

test('code outside of the isolate has no number for any process but its own', async ({ skip }) => {
  const { pid, isMissing, scene } = await requires('no signals to others')
  await using _ = scene
  if (isMissing) skip('this system makes no process namespaces')
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  try {
    const told = await tellFromOutside(`return [${process.pid}, ${victim.pid}, ${pid}].map((pid) => { try { process.kill(pid, 0); return 'is there' } catch (error) { return error.code } })`)
    expect(told).toBe('["ESRCH","ESRCH","ESRCH"]')
    expect(await tellFromOutside('return [process.pid, process.ppid]')).toBe('[1,0]')
  } finally {
    victim.kill('SIGKILL')
  }
  await scene.expectAliveAlone()
})

test('what is watched, told and killed is the child itself, and not its launcher', async () => {
  const { pid, scene } = await requires('no signals to others')
  await using _ = scene
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toMatch(/^[^\0]*node[^\0]*\0--permission/)
  expect(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])).toBeGreaterThan(20_000)
  expect(await scene.outcome('fill')).toMatchObject({ code: expect.stringMatching(/^plugin-(failed|timeout)$/) })
  expect(await scene.outcome('loop')).toMatchObject({ code: 'plugin-timeout' })
  expect(scene.deaths).toHaveLength(2)
  await scene.expectAlive()
})

test.runIf(process.platform === 'linux')('when a sandbox is stopped, neither its child nor a launcher is left', async () => {
  let pid = 0
  const sandbox = new PluginSandbox({ pluginId: 'acme-brief', version: '1.0.0', source: 'export default {}', entities: [], hostCalls: new Map(), onEvent: (event) => { if (event.type === 'started') ({ pid } = event) } })
  await sandbox.check()
  const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  await sandbox.stop()
  expect(() => readFileSync(`/proc/${pid}/status`)).toThrow()
  if (Number(parent) !== process.pid) expect(() => readFileSync(`/proc/${parent}/status`)).toThrow()
})
