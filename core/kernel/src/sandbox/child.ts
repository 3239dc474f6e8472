import type { Socket } from 'node:net'
import type { setFlagsFromString } from 'node:v8'
import type IsolatedVm from 'isolated-vm'
import type { GuestEnter, GuestSettings } from './guest-runtime.ts'
import type { encodeFrame, FrameReader, frameKind } from './wire.ts'

/** The first frame: what the child needs to make its isolate. */
export interface ChildLoad {
  /** Text of `confineGuest`. */
  confinement: string
  /** Text of `guestRuntime`. */
  runtime: string
  /** The plugin's server module. */
  source: string
  settings: Omit<GuestSettings, 'kinds'>
  isolateMb: number
  /** Ends a guest that never yields when the host is gone, where the system does not. isolated-vm loses 200 bytes a call to it: not given where not needed. */
  orphanMs?: number
  startMs: number
  /** Resident limit the child looks at itself after each task, where the host cannot see it. */
  ownMemoryMb?: number
  /** User to become before the module is compiled, where the launcher could not. */
  becomeUser?: number
}

/** Exit codes the host can tell apart. */
export const childExit = { orphan: 0, refused: 3, memory: 4, timeout: 5 } as const

export interface ChildTools {
  ivm: typeof IsolatedVm
  wire: { encodeFrame: typeof encodeFrame; FrameReader: typeof FrameReader; frameKind: typeof frameKind }
  exit: typeof childExit
  setFlags: typeof setFlagsFromString
}

/**
 * The whole program of the child: reads frames from `host`, runs the isolate, writes frames back. Sent as text, so that Node
 * neither reads nor strips a file (25 ms and 17 MB per child): it refers to nothing outside itself but Node's globals.
 * The guest runs on this thread; its messages leave when its task, microtasks included, is done. So a call is never answered
 * while code of it still spins, and nothing of a plugin runs when no call is in flight.
 */
export function runChild(host: Socket, { ivm, wire, exit, setFlags }: ChildTools): void {
  const { encodeFrame, FrameReader, frameKind } = wire
  const leave = (code: number): never => process.exit(code)
  const idleMs = 1000
  // Only this kind gives pages back to the system.
  const collectText = "gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })"
  const collect = Function(collectText)
  let enter: ((...args: Parameters<GuestEnter>) => unknown) | undefined
  let isolate: IsolatedVm.Isolate | undefined
  let checkMemory = (): void => {}
  let collectGuest = (): void => {}
  let timeoutMs = Infinity
  let outbox: Buffer[] = []
  const post = (kind: number, call: number, hostCall: number, text: string): void => {
    outbox.push(encodeFrame(kind, call, hostCall, text))
  }
  const flush = (): void => {
    if (outbox.length === 0) return
    host.write(Buffer.concat(outbox))
    outbox = []
  }

  const load = (text: string): void => {
    const { confinement, runtime, source, settings, isolateMb, orphanMs, startMs, ownMemoryMb, becomeUser }: ChildLoad = JSON.parse(text)
    timeoutMs = startMs
    if (becomeUser !== undefined) dropTo(becomeUser)
    if (ownMemoryMb !== undefined) checkMemory = () => void (process.memoryUsage.rss() > ownMemoryMb * 1048576 && leave(exit.memory))
    isolate = new ivm.Isolate({ memoryLimit: isolateMb, onCatastrophicError: () => process.abort() })
    // A realm of its own has `gc`; the module's, made after it, does not.
    const collectThere = isolate.createContextSync().evalSync(`() => ${collectText}`, { reference: true })
    collectGuest = () => void collectThere.applySync(undefined, [])
    setFlags('--no-expose-gc')
    const context = isolate.createContextSync()
    const send = new ivm.Callback((kind: number, call: number, hostCall: number, name: string, payload: string) => {
      post(kind, call, hostCall, kind === frameKind.hostCall ? `${name}\n${payload}` : payload)
    })
    context.evalSync(`(${confinement})()`)
    const guest = context.evalClosureSync(`return (${runtime})($0, $1)`, [send, JSON.stringify({ ...settings, kinds: frameKind })], { result: { reference: true } })
    const module = isolate.compileModuleSync(source, { filename: 'server/index.js' })
    const [imported] = module.dependencySpecifiers
    if (imported !== undefined) throw new Error(`it imports ${JSON.stringify(imported)}; a server module is one file without imports`)
    module.instantiateSync(context, () => {
      throw new Error('nothing can be imported')
    })
    module.evaluateSync({ timeout: startMs })
    const handlers: unknown = guest.applySync(undefined, [frameKind.load, 0, 0, '', module.namespace.derefInto()], { timeout: startMs })
    timeoutMs = orphanMs ?? Infinity
    const options = orphanMs === undefined ? {} : { timeout: orphanMs }
    enter = (...args) => guest.applySync(undefined, args, options)
    post(frameKind.ready, 0, 0, String(handlers))
    flush()
  }

  const dropTo = (user: number): void => {
    process.setgroups?.([])
    process.setgid?.(user)
    process.setuid?.(user)
  }

  const messageOf = (error: unknown): string => {
    try {
      return String(error instanceof Error ? error.message : error).slice(0, 500)
    } catch {
      return 'an error that cannot be read'
    }
  }

  const receive = (kind: number, call: number, hostCall: number, text: string): void => {
    const began = performance.now()
    try {
      if (kind === frameKind.load) load(text)
      else enter?.(kind, call, hostCall, text)
      checkMemory()
    } catch (error) {
      if (isolate?.isDisposed) leave(exit.memory)
      const message = messageOf(error)
      // The words alone prove nothing: the module can reject with them.
      if (message === 'Script execution timed out.' && performance.now() - began >= timeoutMs) leave(exit.timeout)
      // isolated-vm throws a rejection nobody handled out of the task it happened in; the call itself goes on.
      post(enter ? frameKind.note : frameKind.refused, 0, 0, message)
      if (!enter) {
        host.end(Buffer.concat(outbox), () => leave(exit.refused))
        return
      }
    }
    if (kind !== frameKind.load) post(frameKind.done, 0, 0, '')
    flush()
    idle.refresh()
  }

  // An idle child gives back what its calls left: half of what it holds after a thousand.
  const idle = setTimeout(() => {
    if (isolate?.isDisposed) leave(exit.memory)
    collectGuest()
    collect()
  }, idleMs)
  const reader = new FrameReader(0xffff_ffff, receive)
  host.on('data', (chunk: Buffer) => reader.push(chunk))
  host.on('end', () => leave(exit.orphan))
  host.on('error', () => leave(exit.orphan))
}
