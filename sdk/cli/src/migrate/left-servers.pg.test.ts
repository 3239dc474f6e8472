import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { startPostgres } from '@opsflux/data'
import { expect, test } from 'vitest'
import { removeLeftServers, serverFolder } from './left-servers.ts'

test('what a killed command left running is ended and removed by the next one, what a running one uses is not', async () => {
  const { pid: dead } = spawnSync(process.execPath, ['--version'])
  const left = await mkdtemp(serverFolder(dead))
  const used = await mkdtemp(serverFolder())
  try {
    await chmod(left, 0o755)
    const server = await startPostgres({ dataDir: left, settings: { fsync: 'off' }, initdbArguments: ['--no-sync', '--wal-segsize=1'] })
    await removeLeftServers()
    expect(existsSync(left)).toBe(false)
    expect(existsSync(used)).toBe(true)
    await expect.poll(() => isGone(server.pid)).toBe(true)
  } finally {
    await rm(used, { recursive: true, force: true })
  }
})

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
