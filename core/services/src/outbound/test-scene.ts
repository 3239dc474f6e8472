import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer as createTcp, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import type { SecretEntry } from '@opsflux/sdk'
import { Outbound, type OutboundCaller, type OutboundParts } from './outbound.ts'
import { PrivateHosts } from './private-hosts.ts'
import { testCertificate } from './test-certificate.ts'

const { cert, key } = testCertificate(['api.example.test', '*.example.test', '127.0.0.1'])

export interface Refused { capability: string; detail: string }
export interface Scene {
  outbound: Outbound
  refused: Refused[]
  /** Names asked for, in order. */
  resolved: string[]
  caller: OutboundCaller
}

interface SceneOptions {
  granted: string[]
  /** As `OPSFLUX_PRIVATE_HOSTS`. */
  privateHosts?: string
  /** Addresses by name; every other name leads to this machine. Called once a look-up. */
  addresses?: Record<string, () => string[]>
  secrets?: Record<string, string>
  declared?: SecretEntry[]
  trusted?: boolean
}

/** A fetcher whose rights, names and secrets are those given, and everything else as on a platform. */
export function scene({ granted, privateHosts = '', addresses = {}, secrets = {}, declared, trusted = true }: SceneOptions): Scene {
  const refused: Refused[] = []
  const resolved: string[] = []
  const parts: OutboundParts = {
    rights: { hostsFor: async () => granted, refused: ({ capability, detail }) => { refused.push({ capability, detail }) } },
    secrets: {
      read: async (_owner, name) => {
        const value = secrets[name]
        if (value === undefined) throw Object.assign(new Error(`The secret "${name}" is not set.`), { code: 'secret-missing' })
        return value
      },
    },
    privateHosts: new PrivateHosts(privateHosts),
    resolve: async (name) => {
      resolved.push(name)
      return addresses[name]?.() ?? ['127.0.0.1']
    },
    ...(trusted ? { ca: cert } : {}),
  }
  const names = declared ?? Object.keys(secrets).map((name) => ({ name, reason: 'for tests', required: true }))
  return { outbound: new Outbound(parts), refused, resolved, caller: { pluginId: 'demo-one', tenantId: 't', userId: 'u', secrets: names } }
}

const servers: (Server | TcpServer)[] = []
const sockets = new Set<Socket>()

/** A web server on this machine; answers its port. */
export async function webServer(handle: RequestListener, { tls = true } = {}): Promise<number> {
  return listening(tls ? createHttps({ cert, key }, handle) : createHttp(handle))
}

/** A server that speaks for itself. */
export async function rawServer(handle: (socket: Socket) => void): Promise<number> {
  return listening(createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    handle(socket)
  }))
}

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as AddressInfo).port
}

export async function closeServers(): Promise<void> {
  for (const socket of sockets) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => new Promise<void>((resolve) => {
    server.close(() => resolve())
    if ('closeAllConnections' in server) server.closeAllConnections()
  })))
}
