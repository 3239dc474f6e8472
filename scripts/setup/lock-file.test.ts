import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeLock } from './lock-file.mjs'
import { identifyProcess } from './process-identity.mjs'

describe('a lock that dies with its holder', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opsflux-lock-'))
    path = join(folder, 'made when missing', 'one.lock')
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const take = (): { release(): void } => {
    const lock = takeLock(path)
    if ('heldBy' in lock) throw new Error(`Held by process ${lock.heldBy.pid}.`)
    return lock
  }

  test('is refused while its holder lives, and says who that is', () => {
    take()
    expect(takeLock(path)).toMatchObject({ heldBy: { pid: process.pid, identity: identifyProcess(process.pid) } })
  })

  test('is free once it is released, and leaves no file', () => {
    take().release()
    expect(readdirSync(join(path, '..'))).toEqual([])
    take()
  })

  test.each([
    ['a process that has its number by now', { pid: process.pid, identity: 'another start', since: '' }],
    ['nobody', { pid: 2 ** 30, identity: 'gone', since: '' }],
  ])('is taken over from one whose number belongs to %s', (_whose, holder) => {
    take().release()
    writeFileSync(path, JSON.stringify(holder))
    take()
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, identity: identifyProcess(process.pid) })
  })

  test('is taken over when a power cut left it empty', () => {
    take().release()
    writeFileSync(path, '')
    take()
    expect(readdirSync(join(path, '..'))).toEqual(['one.lock'])
  })
})
