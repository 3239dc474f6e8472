import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

/** Process group and session (`man 5 proc_pid_stat`). */
function groupOf(pid: number | 'self'): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(2, 4)
}

test('a child is in a group and a session of its own, where it ends with the host all the same', async ({ skip }) => {
  await using scene = new Scene('')
  await scene.expectAliveAlone()
  const [hardening] = scene.events.filter((event) => event.type === 'hardening')
  if (!hardening?.applied.includes('ends with the host')) skip('this system does not end children with their host')
  const pid = scene.events.flatMap((event) => (event.type === 'started' ? [event.pid] : []))[0] ?? 0
  const [own, host] = [groupOf(pid), groupOf('self')]
  expect(own[0]).not.toBe(host[0])
  expect(own[1]).not.toBe(host[1])
})

test.runIf(process.platform === 'linux')('code outside of the isolate that signals its whole group ends nobody but itself', async () => {
  await using neighbour = new Scene('')
  await neighbour.startNeighbour()
  // Were the host in that group, and of the same user, this would be its end.
  expect(await tellFromOutside("if (process.getuid() === 0) return 'still root'; process.kill(0, 'SIGKILL'); await new Promise((yes) => setTimeout(yes, 200)); return 'survived'")).not.toContain('still root')
  await neighbour.expectAlive().catch(() => undefined)
  await neighbour.expectAliveAlone()
})
