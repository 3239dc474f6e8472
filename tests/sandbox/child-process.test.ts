import { readFileSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const onLinux = process.platform === 'linux'

test.runIf(onLinux)('the child has no environment, no rights and no network, as far as the system allows and the event says', async () => {
  await using scene = new Scene('')
  await scene.expectAliveAlone()
  const [hardening] = scene.events.filter((event) => event.type === 'hardening')
  const [started] = scene.events.filter((event) => event.type === 'started')
  expect(hardening).toBeDefined()
  const pid = started?.pid ?? 0
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const line = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
  const applied = new Set(hardening?.applied)
  if (applied.has('user of its own')) {
    expect(line('Uid')).not.toMatch(/(^|\s)0(\s|$)/)
    expect(line('CapEff')).toMatch(/^0+$/)
  }
  if (applied.has('no new privileges')) expect(line('NoNewPrivs')).toBe('1')
  if (applied.has('no network')) expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'))
  for (const name of ['no signals to others', 'no sight of others']) {
    const namespace = name === 'no sight of others' ? 'mnt' : 'pid'
    if (applied.has(name)) expect(readlinkSync(`/proc/${pid}/ns/${namespace}`)).not.toBe(readlinkSync(`/proc/self/ns/${namespace}`))
  }
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('')
  expect([...applied, ...(hardening?.missing ?? [])].toSorted()).toEqual(
    ['Node permissions', 'empty environment', 'ends with the host', 'memory seen by the host', 'no core dumps', 'no network', 'no new privileges', 'no shared memory', 'no sight of others', 'no signals to others', 'resource limits', 'separate process', 'user of its own'].toSorted(),
  )
})

test.runIf(onLinux)('the host process never loads isolated-vm', async () => {
  await using scene = new Scene('')
  await scene.expectAliveAlone()
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain('isolated-vm')
})
