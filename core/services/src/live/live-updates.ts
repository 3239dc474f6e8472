import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import type { Actor } from '@opsflux/data'
import type { ClientEvents, Operation, ServerEvents } from '@opsflux/sdk'
import { isSameOrigin, mayOnPlatform, sessionCookie, type Identity, type SignedIn } from '../identity/index.ts'
import type { RecordWatches } from './record-watches.ts'

const managers = 'module-managers'

// For sessions that run out, or end on another host.
const recheckMs = 60_000

/** Tells open pages what changed. A socket belongs to a session and hears only what its user may know. */
export class LiveUpdates {
  readonly #sockets: Server<ClientEvents, ServerEvents>
  readonly #identity: Identity
  readonly #recheck: NodeJS.Timeout
  readonly #forget: () => void
  #closing: Promise<void> | undefined

  constructor(server: HttpServer, identity: Identity) {
    this.#sockets = new Server(server, { serveClient: false, maxHttpBufferSize: 10_000, allowRequest: (request, accept) => accept(null, isOwnPage(request.headers)) })
    this.#sockets.use((socket, next) => {
      identify(identity, socket.handshake.headers.cookie).then((user) => {
        if (!user || user.mustChangePassword) return next(new Error('not-signed-in'))
        if (mayOnPlatform(user, 'modules', 'manage')) void socket.join(managers)
        next()
      }, () => next(new Error('not-ready')))
    })
    this.#identity = identity
    this.#forget = identity.onSessionsEnded(() => void this.#dropEnded())
    this.#recheck = setInterval(() => void this.#dropEnded(), recheckMs).unref()
  }

  /** From now on sockets can watch records. */
  offerRecords(watches: RecordWatches, actorFor: (user: SignedIn) => Promise<Actor>): void {
    this.#sockets.on('connection', (socket) => watches.add(socket, async () => {
      const user = await identify(this.#identity, socket.handshake.headers.cookie)
      return user && !user.mustChangePassword ? actorFor(user) : undefined
    }))
  }

  operationChanged(operation: Operation): void {
    this.#sockets.to(managers).emit('operation.changed', operation)
  }

  modulesChanged(id: string, version: string | undefined): void {
    this.#sockets.emit('modules.changed', { id, ...(version ? { version } : {}) })
  }

  /** Also closes the HTTP server; twice is fine. */
  close(): Promise<void> {
    this.#forget()
    clearInterval(this.#recheck)
    this.#closing ??= this.#sockets.close()
    return this.#closing
  }

  /** A closed session ends at once, its open page too (CORE-01.3). */
  async #dropEnded(): Promise<void> {
    await Promise.all([...this.#sockets.sockets.sockets.values()].map((socket) => this.#dropIfEnded(socket)))
  }

  async #dropIfEnded(socket: Pick<Socket, 'handshake' | 'disconnect'>): Promise<void> {
    // While the database does not answer nobody is signed out; the next look tells.
    const isEnded = await identify(this.#identity, socket.handshake.headers.cookie).then((user) => !user, () => false)
    if (isEnded) socket.disconnect(true)
  }
}

function isOwnPage({ origin, host }: { origin?: string | undefined; host?: string | undefined }): boolean {
  return !origin || isSameOrigin(origin, host)
}

async function identify(identity: Identity, cookies: string | undefined) {
  const token = cookies?.split(/; */).find((cookie) => cookie.startsWith(`${sessionCookie}=`))?.slice(sessionCookie.length + 1)
  return token ? identity.who(decodeURIComponent(token)) : undefined
}
