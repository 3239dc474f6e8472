import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryHome } from './testing.ts'
import { withWriteLock } from './write-lock.ts'

test('one change at a time, each sees what the one before did', async () => {
  await using home = await temporaryHome()
  let count = 0
  await Promise.all(Array.from({ length: 20 }, () => withWriteLock(home.path, async () => {
    const seen = count
    await Promise.resolve()
    count = seen + 1
  })))
  expect(count).toBe(20)
  expect(await readdir(home.path)).toEqual([])
})

test('a change that fails lets the next one in', async () => {
  await using home = await temporaryHome()
  await expect(withWriteLock(home.path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withWriteLock(home.path, () => Promise.resolve('yes'))).toBe('yes')
})

test.each(['a process that died', 'a process that died and had the number of this one'])('the lock of %s is taken over', async (whose) => {
  await using home = await temporaryHome()
  await mkdir(home.path)
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid'])
  const pid = whose.endsWith('died') ? stdout.trim() : process.pid
  await writeFile(join(home.path, 'write.lock'), `${pid} 00000000-0000-4000-8000-000000000000`)
  const all = await Promise.all([1, 2, 3].map((number) => withWriteLock(home.path, () => Promise.resolve(number))))
  expect(all).toEqual([1, 2, 3])
  expect(await readdir(home.path)).toEqual([])
})
