import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Served {
  status: number
  bytes: Buffer
  /** Instead of those that fit; a wrong length is sent as it is said. */
  headers?: Record<string, string>
  /** How it is sent, when not at once: never begun, broken off before or within, byte by byte, or without end. */
  pace?: 'silent' | 'reset' | 'cut' | 'trickle' | 'endless'
}
export type Tamper = (path: string, genuine: Served) => Served | Promise<Served>

/** Stands between a host and its registry, as whoever holds the wire or the registry's disk does. */
export class TamperingRegistry implements AsyncDisposable {
  readonly url: string
  tamper: Tamper = (_, genuine) => genuine
  /** What was asked for since it was last emptied, in order. */
  readonly asked: string[] = []
  readonly #close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async start(genuineUrl: string): Promise<TamperingRegistry> {
    const server = createServer((asked, response) => {
      const path = asked.url ?? '/'
      registry.asked.push(path)
      void passOn(genuineUrl + path, asked)
        .then((genuine) => registry.tamper(path, genuine))
        .then((served) => { send(served, response) })
        .catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const registry: TamperingRegistry = new TamperingRegistry(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      const closed = new Promise((resolve) => { server.close(resolve) })
      server.closeAllConnections()
      await closed
    })
    return registry
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }
}

async function passOn(url: string, asked: IncomingMessage): Promise<Served> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { host: _, connection: __, ...headers } = asked.headers
  asked.pipe(request(url, { method: asked.method ?? 'GET', headers, agent: false }, resolve).on('error', reject))
  const answer = await promise
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return { status: answer.statusCode ?? 502, bytes: Buffer.concat(chunks) }
}

function send({ status, bytes, headers, pace }: Served, response: ServerResponse): void {
  if (pace === 'silent') return
  if (pace === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  response.strictContentLength = false
  response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers })
  if (pace === undefined) response.end(bytes)
  else if (pace === 'cut') response.write(bytes.subarray(0, bytes.length / 2), () => { setImmediate(() => response.socket?.resetAndDestroy()) })
  else flow(response, pace === 'trickle' ? bytes.values() : undefined)
}

/** One byte every now and then, or as much as the other side takes. */
function flow(response: ServerResponse, bytes: Iterator<number> | undefined): void {
  const timer = setInterval(() => {
    const next = bytes?.next()
    response.write(next ? Buffer.of(next.value ?? 0x20) : Buffer.alloc(10_000, 0x20))
  }, bytes ? 20 : 1)
  response.on('close', () => { clearInterval(timer) })
}
