import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stopEarlierProcesses, writePidFile } from './pid-file.ts'

describe('what an earlier start left behind', () => {
  let folder: string
  let child: ChildProcess
  let ended: Promise<unknown>
  let pid: number

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opsflux-run-'))
    child = spawn(process.execPath, ['-e', "process.stdout.write('up'); setInterval(() => undefined, 1000)"], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
    ended = once(child, 'exit')
    pid = child.pid ?? 0
    if (child.stdout) await once(child.stdout, 'data')
  })

  afterEach(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true })
  })

  test('is stopped and forgotten', async () => {
    writePidFile(folder, 'host', pid)
    expect(await stopEarlierProcesses(folder, '/nowhere')).toEqual(['host'])
    await ended
    expect(child.signalCode).toBe('SIGTERM')
    expect(existsSync(join(folder, 'host.pid'))).toBe(false)
  })

  test('is left alone when its number belongs to a stranger by now', async () => {
    writeFileSync(join(folder, 'host.pid'), JSON.stringify({ pid, identity: 'of another time' }))
    expect(await stopEarlierProcesses(folder, '/nowhere')).toEqual([])
    expect(child.signalCode).toBeNull()
    expect(existsSync(join(folder, 'host.pid'))).toBe(false)
  })

  test.each(['', '{}', '{"pid":-1,"identity":""}', 'null'])('is nothing when the file says %j', async (text) => {
    writeFileSync(join(folder, 'host.pid'), text)
    expect(await stopEarlierProcesses(folder, '/nowhere')).toEqual([])
  })
})
