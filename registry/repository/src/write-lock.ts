import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isFileError } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'

const patienceMs = 30_000
const heldHere = new Set<string>()

/**
 * One writer at a time, be it the server or the command line: a lock file that names its process.
 * That of a process which died is taken over.
 * @throws conflict when another process keeps it for 30 seconds
 */
export async function withWriteLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const path = join(home, 'write.lock')
  const token = `${process.pid} ${randomUUID()}`
  await mkdir(home, { recursive: true })
  heldHere.add(token)
  try {
    await acquire(path, token)
    try {
      return await work()
    } finally {
      await rm(path, { force: true })
    }
  } finally {
    heldHere.delete(token)
  }
}

async function acquire(path: string, token: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!await take(path, token)) {
    const holder = await readFile(path, 'utf8').catch(() => undefined)
    if (holder !== undefined && isOver(holder)) await giveWay(path, holder)
    else if (Date.now() > deadline) throw new OpsFluxError('conflict', 'Another process has been changing the repository for half a minute. Wait for it, or end it, and try again.')
    else await delay(10)
  }
}

/** A link appears with its content, so nobody ever reads half a lock. */
async function take(path: string, token: string): Promise<boolean> {
  const mine = `${path}.${randomUUID()}`
  await writeFile(mine, token)
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(mine, { force: true })
  }
}

function isOver(holder: string): boolean {
  const pid = Number(holder.split(' ')[0])
  // After a restart in a container the dead holder had the number that this process has now.
  if (pid === process.pid) return !heldHere.has(holder)
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return isFileError(error, 'ESRCH')
  }
}

async function giveWay(path: string, seen: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return
    throw error
  }
  // Somebody else was faster and this is their live lock: it goes back.
  if (await readFile(aside, 'utf8') !== seen) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}
