import { readdir } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { downloadFile, fetchBytes } from './http.ts'
import { temporaryFolder } from './package/testing.ts'
import { defaultPatience } from './patience.ts'

/** A server that says on each connection exactly what it is told to, once it was asked. */
let server: Server
let url: string
let answer: (socket: Socket, asked: string) => void
const sockets = new Set<Socket>()
beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).on('data', (data) => { answer(socket, data.toString()) })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata/timestamp.json`
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => { server.close(resolve) })
})

const head = (...headers: string[]): string => `HTTP/1.1 200 OK\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`
const patience = { headMs: 300, bytesPerSecond: 1_000, windowMs: 300 }
const get = (maxBytes = 1_000, totalMs = 5_000): Promise<Buffer | undefined> => fetchBytes(url, maxBytes, { signal: AbortSignal.timeout(totalMs), patience })
const unreachable = (message: RegExp): object => ({ code: 'registry-unreachable', message: expect.stringMatching(message) })
/** Writes now and again until the other side has had enough. */
const trickle = (socket: Socket, everyMs: number, bytes: Uint8Array): void => {
  const timer = setInterval(() => { socket.write(bytes) }, everyMs)
  socket.on('close', () => { clearInterval(timer) })
}

test('an answer is read, with and without a length, in pieces', async () => {
  answer = (socket) => socket.end(`${head('content-length: 2')}ab`)
  expect(await get()).toEqual(Buffer.from('ab'))
  answer = (socket) => socket.end(`${head('transfer-encoding: chunked')}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`)
  expect(await get()).toEqual(Buffer.from('ab'))
  answer = (socket) => socket.end(`${head('connection: close')}ab`)
  expect(await get()).toEqual(Buffer.from('ab'))
})

test('encoded answers are not asked for', async () => {
  let heard = ''
  answer = (socket, asked) => { heard = asked; socket.end(head('content-length: 0')) }
  await get()
  expect(heard).toMatch(/^accept-encoding: identity\r$/im)
})

test('a connection that was kept open and closed meanwhile is asked for once more', async () => {
  let asked = 0
  answer = (socket) => {
    asked += 1
    if (asked === 2) socket.destroy()
    else socket.write(`${head('content-length: 2', 'connection: keep-alive')}ab`)
  }
  expect(await get()).toEqual(Buffer.from('ab'))
  expect(await get()).toEqual(Buffer.from('ab'))
  expect(asked).toBe(3)
})

describe('the registry cannot be used when it', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  test.each<[string, RegExp, (socket: Socket) => void]>([
    ['does not answer', /did not begin to answer within 300 ms/, () => {}],
    ['answers slowly from the head on', /did not begin to answer/, (socket) => { socket.write('HTTP/1.1 200 OK\r\nx: '); trickle(socket, 20, Buffer.from('y')) }],
    ['says forever that it will answer soon', /did not begin to answer/, (socket) => { trickle(socket, 10, Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n')) }],
    ['stops in the middle', /slower than 1000 bytes a second/, (socket) => socket.write(`${head('content-length: 900')}abc`)],
    ['answers byte by byte', /slower than 1000 bytes a second/, (socket) => { socket.write(head('content-length: 900')); trickle(socket, 20, Buffer.from('x')) }],
    ['sends chunk headers without end', /slower than|does not answer/, (socket) => { socket.write(head('transfer-encoding: chunked')); socket.write('1;'); trickle(socket, 5, Buffer.alloc(2_000, 'x')) }],
    ['resets the connection', /does not answer/, (socket) => socket.resetAndDestroy()],
    ['resets the connection after the head', /does not answer/, (socket) => { socket.write(`${head('content-length: 900')}abc`, () => { setTimeout(() => socket.resetAndDestroy(), 50) }) }],
    ['ends before the length that it said', /does not answer/, (socket) => socket.end(`${head('content-length: 900')}abc`)],
    ['is endless', /more than 1000 bytes/, (socket) => { socket.write(head('connection: close')); trickle(socket, 1, Buffer.alloc(1_000)) }],
    ['says a length that is too long', /more than 1000 bytes|slower/, (socket) => { socket.write(head('content-length: 99999999')); trickle(socket, 1, Buffer.alloc(1_000)) }],
    ['says two lengths', /does not answer/, (socket) => socket.end(`${head('content-length: 2', 'content-length: 3')}abc`)],
    ['says a length and chunks', /does not answer/, (socket) => socket.end(`${head('content-length: 2', 'transfer-encoding: chunked')}1\r\na\r\n0\r\n\r\n`)],
    ['says a length below 0', /does not answer/, (socket) => socket.end(`${head('content-length: -1')}abc`)],
    ['has an immense header', /does not answer/, (socket) => socket.write(head(`x: ${'y'.repeat(20_000)}`))],
    ['has very many headers', /does not answer/, (socket) => socket.write(head(...Array.from({ length: 5_000 }, (_, at) => `x-${at}: y`)))],
    ['speaks no HTTP', /does not answer/, (socket) => socket.end('hello\r\n')],
    ['changes the protocol', /does not answer/, (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')],
    ['answers gzip', /encoded as gzip/, (socket) => socket.end(Buffer.concat([Buffer.from(head('content-encoding: gzip', `content-length: ${bomb.length}`)), bomb]))],
    ['answers gzip of gzip', /encoded as gzip, gzip/, (socket) => socket.end(head('content-encoding: gzip, gzip', 'content-length: 0'))],
    ['answers brotli', /encoded as br/, (socket) => { const bytes = brotliCompressSync(Buffer.alloc(1_000_000)); socket.end(Buffer.concat([Buffer.from(head('content-encoding: br', `content-length: ${bytes.length}`)), bytes])) }],
    ['answers a part', /answered 206/, (socket) => socket.end('HTTP/1.1 206 Partial Content\r\ncontent-length: 1\r\n\r\na')],
    ['answers nothing', /answered 204/, (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')],
    ['asks to sign in', /answered 401/, (socket) => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n')],
    ['leads to itself', /answered 302/, (socket) => socket.end(`HTTP/1.1 302 Found\r\nlocation: ${url}\r\ncontent-length: 0\r\n\r\n`)],
    ['leads elsewhere', /answered 301/, (socket) => socket.end('HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n')],
    ['leads to a file', /answered 307/, (socket) => socket.end('HTTP/1.1 307 Temporary Redirect\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n')],
  ])('%s', async (_, message, say) => {
    answer = say
    await expect(get()).rejects.toMatchObject(unreachable(message))
    await expect.poll(() => sockets.size).toBe(0)
  })

  test('takes too long in all, though never too slow', async () => {
    answer = (socket) => { socket.write(head('content-length: 100000000')); trickle(socket, 10, Buffer.alloc(1_000)) }
    await expect(get(100_000_000, 700)).rejects.toMatchObject(unreachable(/took too long/))
  })

  test.each(['file:///etc/passwd', 'ftp://localhost/x', 'data:text/plain,x', 'nowhere', 'http://'])('has the address %s', async (address) => {
    await expect(fetchBytes(address, 10, { signal: AbortSignal.timeout(1_000) })).rejects.toMatchObject({ code: 'registry-unreachable' })
  })
})

test('bytes behind the end of an answer are not taken for the next one', async () => {
  answer = (socket) => socket.write(`${head('content-length: 2')}ab${head('content-length: 4')}evil`)
  expect(await get()).toEqual(Buffer.from('ab'))
  answer = (socket) => socket.end(`${head('content-length: 4')}good`)
  expect(await get()).toEqual(Buffer.from('good'))
})

test('a download that trickles is given up, and nothing of it is kept', async () => {
  await using folder = await temporaryFolder()
  answer = (socket) => { socket.write(head('content-length: 900')); trickle(socket, 20, Buffer.from('x')) }
  const path = join(folder.path, 'downloads', 'x.tgz')
  await expect(downloadFile(url, path, { size: 900, digest: 'a'.repeat(64) }, { signal: AbortSignal.timeout(5_000), patience })).rejects.toMatchObject(unreachable(/slower/))
  expect(await readdir(join(folder.path, 'downloads'))).toEqual([])
})

test('a download that has no place is told as such', async () => {
  await using folder = await temporaryFolder()
  const blocked = await folder.save('blocked', Buffer.from('x'))
  answer = (socket) => socket.end(`${head('content-length: 1')}x`)
  await expect(downloadFile(url, join(blocked, 'x.tgz'), { size: 1, digest: 'a'.repeat(64) }, { signal: AbortSignal.timeout(5_000) })).rejects.toMatchObject({ code: 'not-ready' })
})

test('without a word a registry has 15 seconds to begin, and then 1 KiB a second', () => {
  expect(defaultPatience).toEqual({ headMs: 15_000, bytesPerSecond: 1_024, windowMs: 10_000 })
})
