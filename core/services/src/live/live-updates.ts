import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import type { Operation, ServerEvents } from '@opsflux/sdk'
import { may, permissionsOf, sessionCookie, type Identity } from '../identity/index.ts'

const managers = 'module-managers'

/** Tells open pages what changed. A socket belongs to a session and hears only what its user may know. */
export class LiveUpdates {
  readonly #sockets: Server<Record<string, never>, ServerEvents>
  #closing: Promise<void> | undefined

  constructor(server: HttpServer, identity: Identity) {
    this.#sockets = new Server(server, { serveClient: false, maxHttpBufferSize: 10_000, allowRequest: (request, accept) => accept(null, isSameOrigin(request.headers)) })
    this.#sockets.use((socket, next) => {
      identify(identity, socket.handshake.headers.cookie).then((user) => {
        if (!user || user.mustChangePassword) return next(new Error('not-signed-in'))
        if (may(permissionsOf(user.role, []), 'modules', 'manage')) void socket.join(managers)
        next()
      }, () => next(new Error('not-ready')))
    })
  }

  operationChanged(operation: Operation): void {
    this.#sockets.to(managers).emit('operation.changed', operation)
  }

  modulesChanged(id: string, version: string | undefined): void {
    this.#sockets.emit('modules.changed', { id, ...(version ? { version } : {}) })
  }

  /** Also closes the HTTP server; twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.#sockets.close()
    return this.#closing
  }
}

function isSameOrigin(headers: { origin?: string | undefined; host?: string | undefined }): boolean {
  return !headers.origin || new URL(headers.origin).host === headers.host
}

async function identify(identity: Identity, cookies: string | undefined) {
  const token = cookies?.split(/; */).find((cookie) => cookie.startsWith(`${sessionCookie}=`))?.slice(sessionCookie.length + 1)
  return token ? identity.who(decodeURIComponent(token)) : undefined
}
