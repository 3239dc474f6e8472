import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OpsFluxError } from '@opsflux/sdk'

/** @returns the URL it answers at. @throws not-ready when the port is taken */
export async function listen(server: Server, port: number, bind: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new OpsFluxError('not-ready', `Port ${port} is taken by another program. Stop it, or choose another port with OPSFLUX_PORT.`, { cause: error }) : error)
    })
    server.listen(port, bind, resolve)
  })
  const address = server.address() as AddressInfo
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
