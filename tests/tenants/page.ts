import { io, type Socket } from 'socket.io-client'
import type { ClientEvents, RecordChange, ServerEvents, WatchAnswer } from '@opsflux/sdk'
import type { Person, TenantScene } from './scene.ts'

/** An open page of somebody, and what it is told. */
export class Page {
  readonly heard: RecordChange[] = []
  readonly #socket: Socket<ServerEvents, ClientEvents>

  private constructor(socket: Socket<ServerEvents, ClientEvents>) {
    this.#socket = socket
    socket.on('record.changed', (change) => { this.heard.push(change) })
  }

  static async open({ platform }: TenantScene, who: Person): Promise<Page> {
    const socket: Socket<ServerEvents, ClientEvents> = io(platform.host.url, { transports: ['websocket'], forceNew: true, extraHeaders: { cookie: who.cookie, origin: platform.host.url } })
    await new Promise<void>((resolve, reject) => { socket.on('connect', resolve).on('connect_error', reject) })
    return new Page(socket)
  }

  /** The code of the answer; undefined when it watches from now on. */
  watch(watched: object): Promise<string | undefined> {
    return new Promise((resolve) => { this.#socket.emit('watch', watched as never, ({ problem }: WatchAnswer) => resolve(problem?.code)) })
  }

  close(): void {
    this.#socket.disconnect()
  }
}
