import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What `postmaster.pid` says (PostgreSQL, `miscadmin.h`: lines 1, 4, 5 and 8). */
export interface Postmaster {
  pid: number
  port: number
  /** Folder of its socket; empty when it has none. */
  socketFolder: string
  ready: boolean
}

export function readPostmaster(cluster: string): Postmaster | undefined {
  let lines: string[]
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n').map((line) => line.trim())
  } catch {
    return undefined
  }
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3] ?? 0), socketFolder: lines[4] ?? '', ready: lines[7] === 'ready' }
}

/** Removes a `postmaster.pid` that a crash left: PostgreSQL itself would take any process that got its number for the old one. */
export function removeStalePid(cluster: string): void {
  const left = readPostmaster(cluster)
  if (left !== undefined && !isPostmasterOf(left.pid, cluster)) rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

/** Whether the process of that number runs, is a PostgreSQL, and works in that folder. A zombie does not run. */
export function isPostmasterOf(pid: number, cluster: string): boolean {
  try {
    if (process.platform === 'linux') {
      const [, name, state] = /^\d+ \((.*)\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      return name === 'postgres' && state !== 'Z' && worksIn(pid, cluster)
    }
    if (process.platform === 'win32') return process.kill(pid, 0)
    const answer = execFileSync('ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return answer.includes('postgres') && !answer.trimStart().startsWith('Z')
  } catch {
    return false
  }
}

function worksIn(pid: number, cluster: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster)
  } catch (error) {
    // In a container even root may not look at another user's process: then its name must do.
    return (error as NodeJS.ErrnoException).code === 'EACCES'
  }
}
