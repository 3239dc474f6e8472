import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Served { status: number; bytes: Buffer }
export type Tamper = (path: string, genuine: Served) => Served | Promise<Served>

/** Stands between a host and its registry, as whoever holds the wire or the registry's disk does. */
export class TamperingRegistry implements AsyncDisposable {
  readonly url: string
  tamper: Tamper = (_, genuine) => genuine
  readonly #close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async start(genuineUrl: string): Promise<TamperingRegistry> {
    const server = createServer((request, response) => {
      const path = request.url ?? '/'
      void fetch(genuineUrl + path)
        .then(async (answer) => registry.tamper(path, { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }))
        .then(({ status, bytes }) => response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(bytes))
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
