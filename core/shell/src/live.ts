import type { ClientEvents, ServerEvents, Watched } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { io, type Socket } from 'socket.io-client'
import { computed, ref, shallowRef } from 'vue'
import { RecordWatches, type ChangeListener } from './record-watches.ts'

/** A connection that is back within this time is not worth a word. */
const patienceMs = 4_000

/** The live connection to the host: `on('operation.changed', …)` answers its undo. */
export const useLive = defineStore('live', () => {
  const socket = shallowRef<Socket<ServerEvents, ClientEvents>>()
  const online = ref(navigator.onLine)
  const lost = ref(false)
  const offline = computed(() => !online.value || lost.value)
  let patience: ReturnType<typeof setTimeout> | undefined
  addEventListener('online', () => { online.value = true })
  addEventListener('offline', () => { online.value = false })

  // Listeners are kept here as well, so that those added before `start` or kept over a sign-in are heard.
  const listeners = new Map<keyof ServerEvents, Set<(...args: never[]) => void>>()

  const watches = new RecordWatches((name, watched) => {
    // Whatever is sent before the connection stands would be sent again once it does.
    if (!socket.value?.connected) return
    if (name === 'unwatch') socket.value.emit('unwatch', watched)
    else socket.value.emit('watch', watched, () => undefined)
  })
  on('record.changed', (change) => watches.changed(change))
  on('records.missed', () => watches.missed())

  /** Connects; `connected` runs each time the connection stands, because events before it were missed, and when it is refused. */
  function start(connected: () => void): void {
    if (socket.value) return
    const next: Socket<ServerEvents, ClientEvents> = io({ path: '/socket.io', transports: ['websocket', 'polling'], tryAllTransports: true })
    next.on('connect', () => {
      setLost(false)
      watches.connected()
      connected()
    })
    next.on('disconnect', (reason) => {
      watches.lost()
      if (reason === 'io client disconnect') return
      setLost(true)
      // A server that stops in order says so, and then socket.io does not come back by itself.
      if (reason === 'io server disconnect') next.connect()
    })
    // Refused, as against out of reach: the session may have ended.
    next.on('connect_error', () => { if (!next.active) connected() })
    next.onAny((name: keyof ServerEvents, ...args: unknown[]) => { for (const listener of listeners.get(name) ?? []) listener(...(args as never[])) })
    socket.value = next
  }

  function stop(): void {
    socket.value?.disconnect()
    socket.value = undefined
    setLost(false)
  }

  function setLost(value: boolean): void {
    clearTimeout(patience)
    if (value) patience = setTimeout(() => { lost.value = true }, patienceMs)
    else lost.value = false
  }

  function on<Name extends keyof ServerEvents>(name: Name, listener: ServerEvents[Name]): () => void {
    const known = listeners.get(name) ?? new Set()
    listeners.set(name, known.add(listener as (...args: never[]) => void))
    return () => known.delete(listener as (...args: never[]) => void)
  }

  /** Calls `listener` when a record of an entity, or one, was changed; the answer ends it. */
  const watch = (watched: Watched, listener: ChangeListener): (() => void) => watches.watch(watched, listener)

  return { offline, start, stop, on, watch }
})
