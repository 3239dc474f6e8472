import { afterAll, describe, expect, test } from 'vitest'
import { closeServers, rawServer, scene, webServer } from './test-scene.ts'
import { WaitBudget } from './wait-budget.ts'

afterAll(closeServers)
const name = 'api.example.test'
/** Granted `api.example.test:<port>`, declared to be on-premise: it leads to this machine. */
const granting = (port: number, more: Partial<Parameters<typeof scene>[0]> = {}) => scene({ granted: [`${name}:${port}`], privateHosts: `${name}:${port}`, ...more })

describe('http.fetch', () => {
  test('sends a request over TLS to a granted host and gives its answer', async () => {
    const port = await webServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        response.writeHead(201, { 'x-seen': JSON.stringify([request.method, request.url, request.headers['x-one'], request.headers.host, request.headers['accept-encoding']]), 'set-cookie': ['a=1'] })
        response.end(Buffer.concat(chunks).toString().toUpperCase())
      })
    })
    const { outbound, caller, resolved } = granting(port)
    const answer = await outbound.fetch(caller, `https://API.Example.test.:${port}/a%20b?c=d#e`, { method: 'POST', body: 'hellö', headers: { 'X-One': '1' } })
    expect(answer).toMatchObject({ status: 201, body: 'HELLÖ', url: `https://${name}:${port}/a%20b?c=d` })
    expect(JSON.parse(answer.headers['x-seen'] ?? '')).toEqual(['POST', '/a%20b?c=d', '1', `${name}:${port}`, 'identity'])
    expect(answer.headers).not.toHaveProperty('set-cookie')
    expect(resolved).toEqual([name])
  })

  test.each([404, 500, 204, 304])('gives an answer of status %i as an answer', async (status) => {
    const port = await webServer((_request, response) => response.writeHead(status).end())
    const { outbound, caller } = granting(port)
    expect(await outbound.fetch(caller, `https://${name}:${port}/`)).toMatchObject({ status, body: '' })
  })

  test('gives the headers of a large, compressed answer to HEAD', async () => {
    const port = await webServer((_request, response) => response.writeHead(200, { 'content-length': 1e9, 'content-encoding': 'gzip' }).end())
    const { outbound, caller } = granting(port)
    expect(await outbound.fetch(caller, `https://${name}:${port}/`, { method: 'HEAD' })).toMatchObject({ status: 200, body: '', headers: { 'content-length': '1000000000' } })
  })

  test('gives bytes as base64', async () => {
    const port = await webServer((_request, response) => response.end(Buffer.from([0, 255, 254])))
    const { outbound, caller } = granting(port)
    expect((await outbound.fetch(caller, `https://${name}:${port}/`, { responseType: 'base64' })).body).toBe('AP/+')
  })

  test('refuses a server whose certificate is not trusted, or of another name', async () => {
    const port = await webServer((_request, response) => response.end('no'))
    const stranger = granting(port, { trusted: false })
    await expect(stranger.outbound.fetch(stranger.caller, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('certificate') })
    const other = scene({ granted: [`other.test:${port}`], privateHosts: `other.test:${port}` })
    await expect(other.outbound.fetch(other.caller, `https://other.test:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('certificate') })
  })

  test('speaks HTTP to an on-premise host, by name or address, and to no other', async () => {
    const port = await webServer((_request, response) => response.end('inside'), { tls: false })
    const { outbound, caller, resolved } = scene({ granted: [`127.0.0.1:${port}`, `erp:${port}`, 'api.example.test:80'], privateHosts: `127.0.0.1:${port}, erp` })
    expect(await outbound.fetch(caller, `http://0x7f.1:${port}/`)).toMatchObject({ body: 'inside', url: `http://127.0.0.1:${port}/` })
    expect(resolved).toEqual([])
    expect(await outbound.fetch(caller, `http://erp:${port}/`)).toMatchObject({ body: 'inside' })
    await expect(outbound.fetch(caller, 'http://api.example.test/')).rejects.toMatchObject({ code: 'egress-refused' })
  })

  test('is refused another host, another port, a name above or beside, and the refusal is told', async () => {
    const { outbound, caller, refused, resolved } = scene({ granted: ['api.example.test', '*.wild.test'] })
    for (const host of ['example.test', 'x.api.example.test', 'api.example.test:8443', 'wild.test', 'evilwild.test', 'api.example.test.evil.test', '127.0.0.1']) {
      await expect(outbound.fetch(caller, `https://${host}/`)).rejects.toMatchObject({ code: 'capability-denied' })
      expect(refused.at(-1)).toEqual({ capability: 'http.fetch', detail: host })
    }
    expect(resolved).toEqual([])
  })

  test('is refused a name that leads to a private address, though it leads to a public one as well', async () => {
    const { outbound, caller, refused } = scene({ granted: [name], addresses: { [name]: () => ['93.184.216.34', '10.0.0.5'] } })
    const refusal = await outbound.fetch(caller, `https://${name}/`).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'egress-refused' })
    expect(String(refusal)).not.toContain('10.0.0.5')
    expect(refused).toEqual([{ capability: 'http.fetch', detail: name }])
  })

  test('asks for a name once and connects to what was judged: it cannot lead elsewhere in between', async () => {
    const port = await webServer((_request, response) => response.end('inside'))
    const answers = [['93.184.216.34'], ['127.0.0.1']]
    const { outbound, caller, resolved } = scene({ granted: [`${name}:${port}`], addresses: { [name]: () => answers.shift() ?? [] } })
    await expect(outbound.fetch(caller, `https://${name}:${port}/`, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'fetch-failed' })
    expect(resolved).toEqual([name])
    await expect(outbound.fetch(caller, `https://${name}:${port}/`, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'egress-refused' })
  })

  test('an on-premise name does not lead to the addresses that hold a cloud machine\'s credentials', async () => {
    const { outbound, caller } = scene({ granted: ['erp.example.test'], privateHosts: 'erp.example.test', addresses: { 'erp.example.test': () => ['169.254.169.254'] } })
    await expect(outbound.fetch(caller, 'https://erp.example.test/')).rejects.toMatchObject({ code: 'egress-refused' })
  })

  test('a name that leads nowhere, or where nobody listens, is an error without addresses', async () => {
    const lost = scene({ granted: [name], addresses: { [name]: () => [] } })
    await expect(lost.outbound.fetch(lost.caller, `https://${name}/`)).rejects.toMatchObject({ code: 'fetch-failed' })
    const port = await rawServer(() => undefined)
    await closeServers()
    const closed = granting(port)
    const error = await closed.outbound.fetch(closed.caller, `https://${name}:${port}/`).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'fetch-failed' })
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain('127.0.0.1')
  })

  test('a server that says nothing, or little by little, is given up at the time-out', async () => {
    const silent = await rawServer(() => undefined)
    const slow = await webServer((_request, response) => {
      response.write('x')
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
    })
    for (const port of [silent, slow]) {
      const { outbound, caller } = granting(port)
      await expect(outbound.fetch(caller, `https://${name}:${port}/`, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('200 ms') })
    }
  })

  test.each<[string, (write: (text: string) => void) => void]>([
    ['headers without end', (write) => { write('HTTP/1.1 200 OK\r\n'); write(`x: ${'y'.repeat(100)}\r\n`.repeat(400)) }],
    ['interim answers without end', (write) => write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500))],
    ['no HTTP', (write) => write('SSH-2.0-OpenSSH_9.2\r\n')],
    ['an answer cut short', (write) => write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')],
    ['a chunked answer cut short', (write) => write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n')],
    ['another protocol', (write) => write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nabc')],
    ['both a length and chunks', (write) => write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')],
    ['nothing', () => undefined],
  ])('an answer of %s is fetch-failed', async (_what, answer) => {
    const port = await rawServer((socket) => socket.once('data', () => {
      answer((text) => void socket.write(text))
      socket.end()
    }))
    const { outbound, caller } = scene({ granted: [`127.0.0.1:${port}`], privateHosts: '127.0.0.1' })
    await expect(outbound.fetch(caller, `http://127.0.0.1:${port}/`, { timeoutMs: 3_000 })).rejects.toMatchObject({ code: 'fetch-failed' })
  })

  test.each([
    ['with a length', { 'content-length': 524_289 }], ['without one', {}],
  ])('an answer that is too long, %s, is cut off', async (_how, headers) => {
    let sent = 0
    const closed = Promise.withResolvers<void>()
    const port = await webServer((_request, response) => {
      response.writeHead(200, headers).on('close', () => closed.resolve())
      const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536, 120)) && sent < 1e9) sent += 65_536 }
      response.on('drain', more).on('error', () => undefined)
      more()
    })
    const { outbound, caller } = granting(port)
    await expect(outbound.fetch(caller, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('512 KiB') })
    await closed.promise
    expect(sent).toBeLessThan(50_000_000)
  })

  test('an answer in crumbs costs no more memory than its bytes', async () => {
    const port = await rawServer((socket) => socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      socket.end(`${'1\r\nx\r\n'.repeat(400_000)}0\r\n\r\n`)
    }))
    const { outbound, caller } = scene({ granted: [`127.0.0.1:${port}`], privateHosts: '127.0.0.1' })
    let most = 0
    const before = process.memoryUsage()
    const looking = setInterval(() => { most = Math.max(most, process.memoryUsage().arrayBuffers) }, 5)
    expect((await outbound.fetch(caller, `http://127.0.0.1:${port}/`)).body).toHaveLength(400_000)
    clearInterval(looking)
    expect(most - before.arrayBuffers).toBeLessThan(16_000_000)
  })

  test('an answer of exactly 512 KiB arrives', async () => {
    const port = await webServer((_request, response) => response.end('x'.repeat(524_288)))
    const { outbound, caller } = granting(port)
    expect((await outbound.fetch(caller, `https://${name}:${port}/`)).body).toHaveLength(524_288)
  })

  test('nothing compressed is taken: a small answer cannot become a large one', async () => {
    const port = await webServer((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.alloc(1_000)))
    const { outbound, caller } = granting(port)
    await expect(outbound.fetch(caller, `https://${name}:${port}/`, { responseType: 'base64' })).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('compressed') })
  })

  test('waits for other servers no longer than its budget, over all its requests', async () => {
    const port = await rawServer(() => undefined)
    const { outbound, caller } = granting(port)
    const limited = { ...caller, budget: new WaitBudget(150) }
    await expect(outbound.fetch(limited, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('150 ms') })
    await expect(outbound.fetch(limited, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('as long as it may') })
  })

  test('runs eight requests of a plugin at a time; the others wait within their time-out, and other plugins do not', async () => {
    let running = 0
    let most = 0
    const open: (() => void)[] = []
    const waiting = Promise.withResolvers<void>()
    const port = await webServer((request, response) => {
      running++
      most = Math.max(most, running)
      open.push(() => { running--; response.end('done') })
      if (open.length === 8) waiting.resolve()
      if (request.url === '/other') open.pop()?.()
    })
    const { outbound, caller } = granting(port)
    const eight = Array.from({ length: 8 }, () => outbound.fetch(caller, `https://${name}:${port}/`))
    await waiting.promise
    await expect(outbound.fetch(caller, `https://${name}:${port}/`, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'fetch-failed' })
    const ninth = outbound.fetch(caller, `https://${name}:${port}/`)
    expect(await outbound.fetch({ ...caller, pluginId: 'demo-two' }, `https://${name}:${port}/other`)).toMatchObject({ body: 'done' })
    most = 0
    open.splice(0).forEach((finish) => finish())
    await Promise.all(eight)
    await expect.poll(() => open.length).toBe(1)
    open.splice(0).forEach((finish) => finish())
    expect(await ninth).toMatchObject({ status: 200 })
    expect(most).toBeLessThanOrEqual(8)
  })

  test('ends with the call that sent it', async () => {
    const connected = Promise.withResolvers<void>()
    const port = await rawServer(() => connected.resolve())
    const { outbound, caller } = granting(port)
    const call = new AbortController()
    const failure = outbound.fetch({ ...caller, signal: call.signal }, `https://${name}:${port}/`).catch((error: unknown) => error)
    await connected.promise
    call.abort()
    expect(await failure).toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('has ended') })
    await expect(outbound.fetch({ ...caller, signal: call.signal }, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed' })
  })

  test('ends with the host', async () => {
    const connected = Promise.withResolvers<void>()
    const port = await rawServer(() => connected.resolve())
    const { outbound, caller } = granting(port)
    const failure = outbound.fetch(caller, `https://${name}:${port}/`).catch((error: unknown) => error)
    await connected.promise
    outbound.stop()
    expect(await failure).toMatchObject({ code: 'fetch-failed', message: expect.stringContaining('stopping') })
    await expect(outbound.fetch(caller, `https://${name}:${port}/`)).rejects.toMatchObject({ code: 'fetch-failed' })
  })

  test('an error of the connection after its end reaches nobody', async () => {
    const errors: unknown[] = []
    const note = (error: unknown): void => { errors.push(error) }
    process.on('uncaughtException', note)
    const port = await rawServer((socket) => socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokgarbage after the end\r\n\r\n')
      socket.resetAndDestroy()
    }))
    const { outbound, caller } = scene({ granted: [`127.0.0.1:${port}`], privateHosts: '127.0.0.1' })
    for (let n = 0; n < 20; n++) await outbound.fetch(caller, `http://127.0.0.1:${port}/`, { timeoutMs: 2_000 }).catch(() => undefined)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => { setImmediate(resolve) })
    process.off('uncaughtException', note)
    expect(errors).toEqual([])
  })
})
