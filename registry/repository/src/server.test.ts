import { createHash, randomBytes } from 'node:crypto'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { maxPackageBytes } from '@opsflux/registry-metadata'
import type { Problem } from '@opsflux/sdk'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initialiseRepository } from './initialise.ts'
import { startRegistry, type Registry } from './server.ts'
import { temporaryHome } from './testing.ts'

let home: Awaited<ReturnType<typeof temporaryHome>>
let registry: Registry
beforeEach(async () => {
  home = await temporaryHome()
  await initialiseRepository(home.path)
  registry = await startRegistry({ home: home.path, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
})
afterEach(async () => {
  await registry.stop()
  await home[Symbol.asyncDispose]()
})

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const uploads = (): Promise<string[]> => readdir(join(home.path, 'uploads'))
async function put(digest: string, body: Uint8Array<ArrayBuffer> | ReadableStream): Promise<{ status: number; code: string | undefined }> {
  const response = await fetch(`${registry.url}/api/uploads/${digest}`, { method: 'PUT', body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}) } as RequestInit)
  return { status: response.status, code: (await response.json() as Problem).code }
}

describe('metadata', () => {
  test.each(['1.root.json', '1.snapshot.json', '1.targets.json', 'timestamp.json'])('%s is served', async (file) => {
    const response = await fetch(`${registry.url}/metadata/${file}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
    expect(await response.json()).toHaveProperty('signed')
  })

  test.each(['2.root.json', 'root.json', '01.root.json', '9.publisher-nobody.json', '1.nobody.json', '..%2Fkeys%2Froot.pem', '%2e%2e%2fkeys%2froot.pem', '1.root.json%00', '1.__proto__.json'])('%s is not there', async (file) => {
    const response = await fetch(`${registry.url}/metadata/${file}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(await response.text()).not.toContain(home.path)
  })
})

test.each([`hse-reports/${'a'.repeat(64)}.hse-reports-1.0.0.tgz`, 'hse-reports/hse-reports-1.0.0.tgz', `..%2fkeys/${'a'.repeat(64)}.root.pem`, 'x/y'])('the target %s is not there', async (path) => {
  for (const method of ['GET', 'HEAD']) expect((await fetch(`${registry.url}/targets/${path}`, { method })).status).toBe(404)
})

describe('an upload', () => {
  test('is kept under its digest', async () => {
    const bytes = new Uint8Array(randomBytes(100_000))
    expect((await put(digestOf(bytes), bytes)).status).toBe(201)
    expect(await uploads()).toEqual([`${digestOf(bytes)}.tgz`])
  })

  test('with another digest than it says is refused and not kept', async () => {
    expect(await put('a'.repeat(64), new Uint8Array(10))).toEqual({ status: 422, code: 'package-refused' })
    expect(await uploads()).toEqual([])
  })

  test.each(['x', 'A'.repeat(64), '..%2f..%2froot.json'])('named %s is refused', async (name) => {
    expect(await put(name, new Uint8Array(10))).toEqual({ status: 400, code: 'invalid-request' })
  })

  test('that says it is too large is refused', async () => {
    const bytes = new Uint8Array(maxPackageBytes + 1)
    expect(await put(digestOf(bytes), bytes)).toEqual({ status: 413, code: 'payload-too-large' })
  })

  test('that becomes too large without saying so is refused and not kept', async () => {
    let left = 22
    const body = new ReadableStream({ pull: (controller) => { if (left-- > 0) controller.enqueue(new Uint8Array(1024 * 1024)); else controller.close() } })
    expect(await put('a'.repeat(64), body)).toEqual({ status: 413, code: 'payload-too-large' })
    expect(await uploads()).toEqual([])
  })

  test('that breaks off is not kept, and the registry goes on', async () => {
    const url = new URL(`${registry.url}/api/uploads/${'a'.repeat(64)}`)
    await new Promise<void>((resolve) => {
      const broken = request(url, { method: 'PUT', headers: { 'content-length': '1000' } }, () => undefined)
      broken.on('error', () => undefined).on('close', resolve)
      broken.write(Buffer.alloc(10), () => broken.destroy())
    })
    const bytes = new Uint8Array(randomBytes(10))
    expect((await put(digestOf(bytes), bytes)).status).toBe(201)
    await expect.poll(uploads).toEqual([`${digestOf(bytes)}.tgz`])
  })

  test('that nobody published is removed after an hour, and too many waiting ones are refused', async () => {
    const bytes = new Uint8Array(randomBytes(10))
    await put(digestOf(bytes), bytes)
    const names = Array.from({ length: 49 }, (_, number) => join(home.path, 'uploads', `${number}.tgz`))
    for (const name of names) await writeFile(name, '')
    const more = new Uint8Array(randomBytes(10))
    expect(await put(digestOf(more), more)).toEqual({ status: 429, code: 'too-many-requests' })
    const before = new Date(Date.now() - 3_700_000)
    for (const name of names) await utimes(name, before, before)
    expect((await put(digestOf(more), more)).status).toBe(201)
    expect(await uploads()).toHaveLength(2)
  })
})

test.each(['', 'no json', '[]', '7', '{}', '{"metadata":1,"metadata":{}}', '{"__proto__":{}}'])('a publish whose body is %j is refused', async (body) => {
  const response = await fetch(`${registry.url}/api/publishers/hello/releases`, { method: 'POST', body })
  expect([response.status, (await response.json() as Problem).code]).toEqual([400, 'invalid-request'])
})

test('a publish that is nested deeply is refused, however deep', async () => {
  const response = await fetch(`${registry.url}/api/publishers/hello/releases`, { method: 'POST', body: `{"metadata":${'['.repeat(900_000)}${']'.repeat(900_000)}}` })
  expect([response.status, (await response.json() as Problem).code]).toEqual([400, 'invalid-request'])
})

test('a publish that is too long is refused', async () => {
  const response = await fetch(`${registry.url}/api/publishers/hello/releases`, { method: 'POST', body: 'x'.repeat(3_000_000) })
  expect(response.status).toBe(413)
})

test('an unknown publisher is not found', async () => {
  for (const name of ['nobody', '__proto__', '..%2f..']) expect((await fetch(`${registry.url}/api/publishers/${name}`)).status).toBe(404)
})

test('it is live, and ready while its repository can be read', async () => {
  const status = async (path: string): Promise<number> => (await fetch(`${registry.url}/health/${path}`)).status
  expect([await status('live'), await status('ready')]).toEqual([200, 200])
  await writeFile(join(home.path, 'metadata/timestamp.json'), 'torn')
  expect([await status('live'), await status('ready')]).toEqual([200, 503])
})

test('a port that is taken is named', async () => {
  const port = Number(new URL(registry.url).port)
  await expect(startRegistry({ home: home.path, port, bind: '127.0.0.1', log: pino({ level: 'silent' }) })).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining(String(port)) })
})
