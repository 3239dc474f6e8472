import { lstat, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endPostgres } from '@opsflux/data'

/** Where the PostgreSQL of this process may live: named so that another can tell whose it was. */
export const serverFolder = (pid: number = process.pid): string => join(tmpdir(), `opsflux-migrate-${pid}-`)

/** PostgreSQL outlives a command that was killed: the next one of the same user ends it and removes its data. */
export async function removeLeftServers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^opsflux-migrate-(\d+)-/.exec(name)?.[1])
    if (!Number.isInteger(pid) || isRunning(pid)) continue
    // What cannot be removed is in nobody's way.
    await removeServer(join(tmpdir(), name)).catch(() => undefined)
  }
}

async function removeServer(folder: string): Promise<void> {
  const found = await lstat(folder)
  // The folder for temporary files belongs to everybody.
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) return
  endPostgres(folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
