import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identifyProcess } from '../setup/process-identity.mjs'
import { membersOnLinux, signalGroup, waitForGroupEnd } from './process-group.ts'

interface PidRecord {
  pid: number
  /** Start time of the process: a number alone may belong to a stranger by now. */
  identity: string
}

export function writePidFile(runFolder: string, name: string, pid: number): void {
  const path = join(runFolder, `${name}.pid`)
  writeFileSync(`${path}.new`, JSON.stringify({ pid, identity: identifyProcess(pid) ?? '' }))
  renameSync(`${path}.new`, path)
}

export function removePidFile(runFolder: string, name: string): void {
  rmSync(join(runFolder, `${name}.pid`), { force: true })
}

/** Ends what an earlier launcher left behind when it was killed. Never touches a process it cannot prove to be its own. */
export async function stopEarlierProcesses(runFolder: string, rootFolder: string): Promise<string[]> {
  const names = readdirSync(runFolder).filter((file) => file.endsWith('.pid')).map((file) => file.slice(0, -'.pid'.length))
  const stopped = await Promise.all(names.map(async (name) => {
    const found = await stopEarlier(join(runFolder, `${name}.pid`), rootFolder)
    removePidFile(runFolder, name)
    return found ? [name] : []
  }))
  return stopped.flat()
}

async function stopEarlier(path: string, rootFolder: string): Promise<boolean> {
  const record = readPidRecord(path)
  if (!record) return false
  if (identifyProcess(record.pid) === record.identity) {
    process.kill(record.pid, 'SIGTERM')
    if (!await waitForGroupEnd(record.pid, 10_000) && signalGroup(record.pid, 'SIGKILL')) await waitForGroupEnd(record.pid, 5000)
    return true
  }
  return stopOrphans(record.pid, rootFolder)
}

/** The leader is gone but its group lives: those of its members that run this checkout's code are ours. */
function stopOrphans(group: number, rootFolder: string): boolean {
  const orphans = process.platform === 'linux' ? membersOnLinux(group).filter(({ command }) => command.includes(rootFolder)) : []
  for (const { pid } of orphans) process.kill(pid, 'SIGKILL')
  return orphans.length > 0
}

function readPidRecord(path: string): PidRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof record !== 'object' || record === null || !('pid' in record) || !('identity' in record)) return undefined
    if (typeof record.pid !== 'number' || typeof record.identity !== 'string' || record.identity === '') return undefined
    return { pid: record.pid, identity: record.identity }
  } catch {
    return undefined
  }
}
