import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Koa from 'koa'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { answerProblems } from '@opsflux/process'
import type { StoredFile } from '@opsflux/sdk'
import { Files } from './files.ts'
import { FolderStore } from './folder-store.ts'
import { fileLimits } from './limits.ts'
import { fileMigrations } from './migrations.ts'
import { fileRoutes } from './routes.ts'

const tenantId = randomUUID()
const [alice, bob] = [randomUUID(), randomUUID()]
let opened: TestDatabase
let folder: string
let server: Server
let url: string

beforeAll(async () => {
  opened = await testDatabase({ kernelMigrations: fileMigrations() })
  await opened.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'A')", [tenantId])
  folder = await mkdtemp(join(tmpdir(), 'opsflux-files-'))
  const app = new Koa()
  app.silent = true
  app.use(answerProblems(pino({ level: 'silent' })))
  app.use(async (context, next) => {
    const id = context.get('x-user')
    if (id) context.state['caller'] = { id, tenantId }
    await next()
  })
  app.use(fileRoutes(new Files(opened.database, new FolderStore(folder)), async () => false).routes())
  server = createServer(app.callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await opened.close()
  await rm(folder, { recursive: true })
})

const send = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit): Promise<Response> =>
  fetch(`${url}/api/files${path}`, { method, headers: { 'x-user': alice, ...headers }, ...(body === undefined ? {} : { body, duplex: 'half' }) } as RequestInit)
const upload = async (name: string, type: string, body: BodyInit): Promise<StoredFile> => await (await send('POST', '', { 'x-file-name': encodeURIComponent(name), 'content-type': type }, body)).json() as StoredFile
const unfinished = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('.'))
const png = Buffer.from('89504e470d0a1a0a0000000d494844520000000100000001080600000000000000', 'hex')

describe('an upload', () => {
  test('is stored as it is, whatever its type says', async () => {
    const answer = await send('POST', '', { 'x-file-name': 'r%C3%A9sum%C3%A9.json', 'content-type': 'application/json' }, '{"not json')
    expect(answer.status).toBe(201)
    const file = await answer.json() as StoredFile
    expect(answer.headers.get('location')).toBe(`/api/files/${file.id}`)
    expect(file).toMatchObject({ name: 'résumé.json', type: 'application/json', bytes: 10, createdBy: alice })
    expect(await (await send('GET', `/${file.id}`)).json()).toEqual(file)
    expect(await (await send('GET', `/${file.id}/content`)).text()).toBe('{"not json')
  })

  test.each([
    ['without a name', {}, 'x', 400, 'invalid-request'], ['with a path for a name', { 'x-file-name': '..%2F..%2Fetc' }, 'x', 400, 'invalid-request'],
    ['of nothing', { 'x-file-name': 'a' }, '', 400, 'invalid-request'], ['packed', { 'x-file-name': 'a', 'content-encoding': 'gzip' }, 'x', 400, 'invalid-request'],
    ['by nobody', { 'x-user': '', 'x-file-name': 'a' }, 'x', 401, 'not-signed-in'],
  ])('%s is refused, and leaves nothing', async (_, headers, body, status, code) => {
    const answer = await send('POST', '', headers, body)
    expect({ status: answer.status, ...await answer.json() as object }).toMatchObject({ status, code })
    expect(await unfinished()).toEqual([])
  })

  test('may have 25 MB and not a byte more, told or not', async () => {
    const largest = Buffer.alloc(fileLimits.bytes, 1)
    const file = await upload('large.bin', 'application/octet-stream', largest)
    expect(file).toMatchObject({ bytes: fileLimits.bytes, type: 'application/octet-stream' })
    const chunks = (): ReadableStream => new Blob([largest, new Uint8Array(1)]).stream()
    for (const body of [Buffer.concat([largest, new Uint8Array(1)]), chunks()]) {
      const answer = await send('POST', '', { 'x-file-name': 'a' }, body)
      expect(await answer.json()).toMatchObject({ status: 413, code: 'payload-too-large' })
    }
    expect(await unfinished()).toEqual([])
  })

  test('whose sender goes away in the middle leaves nothing', async () => {
    const { port } = server.address() as AddressInfo
    const sent = request({ port, path: '/api/files', method: 'POST', headers: { 'x-user': alice, 'x-file-name': 'a', 'content-length': '1000000' } }).on('error', () => undefined)
    sent.write(Buffer.alloc(100_000))
    await expect.poll(unfinished).toHaveLength(1)
    sent.destroy()
    await expect.poll(unfinished).toEqual([])
  })
})

describe('the content of a file', () => {
  test('acts as no page of ours: HTML, SVG and scripts are downloads of bytes', async () => {
    for (const [name, type, content] of [['a.html', 'text/html', '<script>alert(1)</script>'], ['a.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'], ['a.js', 'text/javascript', 'alert(1)']] as const) {
      const { headers } = await send('GET', `/${(await upload(name, type, content)).id}/content`)
      expect(Object.fromEntries(headers)).toMatchObject({ 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${name}"`, 'content-security-policy': expect.stringMatching(/^sandbox;/), 'x-content-type-options': 'nosniff' })
    }
  })

  test('is shown when it is a picture, or downloaded when that is asked', async () => {
    const { id } = await upload('photo “A”.png', 'text/html', png)
    const shown = await send('GET', `/${id}/content`)
    expect(Object.fromEntries(shown.headers)).toMatchObject({ 'content-type': 'image/png', 'content-disposition': expect.stringMatching(/^inline; .*filename\*=UTF-8''photo%20%E2%80%9CA%E2%80%9D\.png$/), 'content-security-policy': expect.stringMatching(/^sandbox;/), 'cache-control': 'private, no-cache' })
    expect((await send('GET', `/${id}/content?download`)).headers.get('content-disposition')).toMatch(/^attachment;/)
  })

  test('is sent in part, again only when it changed, and as its headers alone', async () => {
    const { id, sha256 } = await upload('digits.txt', 'text/plain', '0123456789')
    const part = await send('GET', `/${id}/content`, { range: 'bytes=2-4' })
    expect({ status: part.status, range: part.headers.get('content-range'), length: part.headers.get('content-length'), text: await part.text() }).toEqual({ status: 206, range: 'bytes 2-4/10', length: '3', text: '234' })
    const beyond = await send('GET', `/${id}/content`, { range: 'bytes=10-' })
    expect({ status: beyond.status, range: beyond.headers.get('content-range') }).toEqual({ status: 416, range: 'bytes */10' })
    expect((await send('GET', `/${id}/content`, { range: 'bytes=2-4', 'if-range': '"other"' })).status).toBe(200)
    expect((await send('GET', `/${id}/content`, { 'if-none-match': `"${sha256}"`, 'cache-control': 'max-age=0' })).status).toBe(304)
    const head = await send('HEAD', `/${id}/content`)
    expect({ status: head.status, length: head.headers.get('content-length'), etag: head.headers.get('etag'), text: await head.text() }).toEqual({ status: 200, length: '10', etag: `"${sha256}"`, text: '' })
  })

  test('is for those who may see it', async () => {
    const { id } = await upload('mine.txt', 'text/plain', 'mine')
    for (const path of ['', '/content']) expect((await send('GET', `/${id}${path}`, { 'x-user': bob })).status).toBe(404)
    expect((await send('DELETE', `/${id}`, { 'x-user': bob })).status).toBe(404)
    expect((await send('DELETE', `/${id}`)).status).toBe(204)
    expect((await send('GET', `/${id}/content`)).status).toBe(404)
    expect((await send('GET', '/not-an-id')).status).toBe(400)
  })
})
