import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Sends a signal to a process and everything it started in its group. False when nobody is left to get it. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
    return true
  } catch {
    return false
  }
}

/** True once no process of the group is left; false after `milliseconds`. */
export async function waitForGroupEnd(pid: number, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds
  while (signalGroup(pid, 0)) {
    if (!hasLiveMember(pid)) return true
    if (Date.now() > end) return false
    await delay(20)
  }
  return true
}

/** A group of zombies takes signals but is over; only Linux tells without starting a program. */
function hasLiveMember(group: number): boolean {
  return process.platform !== 'linux' || membersOnLinux(group).length > 0
}

/** Live processes of a group, with their command lines. */
export function membersOnLinux(group: number): { pid: number; command: string }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(processGroup) !== group || state === 'Z' || state === 'X') return []
      return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }]
    } catch {
      return []
    }
  })
}
