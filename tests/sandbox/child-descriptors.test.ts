import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

test.runIf(process.platform === 'linux')('a child holds nothing the host has opened: its pipe, its error output, and what Node makes for itself', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const file = openSync(import.meta.filename, 'r')
  try {
    await using scene = new Scene('')
    await scene.expectAliveAlone()
    const pid = scene.events.flatMap((event) => (event.type === 'started' ? [event.pid] : []))[0]
    const held = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))
    for (const link of held) expect(link).toMatch(/^(\/dev\/null|pipe:\[\d+\]|socket:\[\d+\]|anon_inode:\[(eventfd|eventpoll|io_uring|signalfd)\])$/)
    const sockets = held.filter((link) => link.startsWith('socket:'))
    expect(sockets.length).toBeLessThanOrEqual(2)
    const own = new Set(readdirSync('/proc/self/fd').flatMap((name) => linkOf(`/proc/self/fd/${name}`)))
    expect(sockets.filter((link) => own.has(link))).toEqual([])
  } finally {
    server.close()
    closeSync(file)
  }
})

/** Nothing when it is closed by now. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}

test.runIf(process.platform === 'linux')('a child writes no files and leaves no memory image, where the system can limit it', async ({ skip }) => {
  await using scene = new Scene('')
  await scene.expectAliveAlone()
  const [hardening] = scene.events.filter((event) => event.type === 'hardening')
  if (!hardening?.applied.includes('resource limits')) skip('this system has no prlimit')
  const pid = scene.events.flatMap((event) => (event.type === 'started' ? [event.pid] : []))[0]
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  for (const name of ['Max file size', 'Max core file size']) expect(limits).toMatch(new RegExp(`${name}\\s+0\\s+0\\s`))
  expect(limits).toMatch(/Max open files\s+64\s+64\s/)
})
