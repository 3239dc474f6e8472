import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OpsFluxError } from '@opsflux/sdk'

const patienceMs = 5_000

/**
 * Listens and answers the URL.
 * @param variable the environment variable that chooses the port, for the error
 * @throws not-ready when the port is taken
 */
export async function listen(server: Server, { port, bind, variable }: { port: number; bind: string; variable: string }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new OpsFluxError('not-ready', `Port ${port} is taken by another program. Stop it, or choose another port with ${variable}.`, { cause: error }) : error)
    })
    server.listen(port, bind, resolve)
  })
  const address = server.address() as AddressInfo
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

/** Resolves when the requests that are being answered have ended; a client that never finishes is let go after 5 s. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), patienceMs).unref()
  })
}
