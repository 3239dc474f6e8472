import { spawn, type ChildProcess } from 'node:child_process'
import { LaunchError } from './launch-error.ts'
import type { LogFile } from './log-file.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { signalGroup, waitForGroupEnd } from './process-group.ts'

const firstBackOffMs = 500
const longestBackOffMs = 30_000
const healthyAfterMs = 60_000

export interface ServiceMessage {
  type: string
  [name: string]: unknown
}

export interface ServiceOptions {
  name: string
  /** File that Node runs. */
  program: string
  environment: NodeJS.ProcessEnv
  runFolder: string
  log: LogFile
  /** What the process says besides `ready`. */
  onMessage?: (message: ServiceMessage) => void
  /** Told to the person at the terminal: the process died or came back. */
  tell: (message: string) => void
}

/** A process of the platform: started, watched, started again when it dies, stopped with all it started. */
export class Service {
  readonly #options: ServiceOptions
  #child: ChildProcess | undefined
  #isStopping = false
  #wasEverReady = false
  #deaths = 0
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  /** Answers with its URL once it serves. @throws LaunchError when it ends before that */
  start(): Promise<string> {
    return new Promise((resolve, reject) => this.#spawn(resolve, reject))
  }

  /** SIGTERM, `graceMs` later SIGKILL to the whole group. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    const pid = this.#child?.pid
    if (pid === undefined) return
    this.#child?.kill('SIGTERM')
    if (!await waitForGroupEnd(pid, graceMs)) {
      this.#options.log.note(`did not stop within ${graceMs / 1000} s: killed`)
      signalGroup(pid, 'SIGKILL')
      await waitForGroupEnd(pid, 5000)
    }
    removePidFile(this.#options.runFolder, this.#options.name)
  }

  /** SIGKILL at once. */
  kill(): void {
    this.#isStopping = true
    clearTimeout(this.#timer)
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL')
  }

  #spawn(onReady: (url: string) => void, onFailure: (error: Error) => void): void {
    if (this.#isStopping) return
    const { name, program, environment, runFolder, log } = this.#options
    // A group of its own: Ctrl-C at the terminal is for the launcher, which stops one after the other.
    const child = spawn(process.execPath, [program], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: process.platform !== 'win32' })
    this.#child = child
    this.#startedAt = Date.now()
    if (child.pid !== undefined) writePidFile(runFolder, name, child.pid)
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => log.take(chunk))
    child.on('message', (message) => this.#take(message, onReady))
    child.on('error', (error) => {
      log.note(error.message)
      if (child.pid === undefined) this.#afterDeath(error.message, onFailure)
    })
    // What it had started ends with it, and with that its output.
    child.on('exit', () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'))
    child.on('close', (code, signal) => this.#afterDeath(signal ?? `code ${code}`, onFailure))
  }

  #take(message: unknown, onReady: (url: string) => void): void {
    if (!isMessage(message)) return
    if (message.type !== 'ready') return this.#options.onMessage?.(message)
    this.#wasEverReady = true
    onReady(typeof message.url === 'string' ? message.url : '')
  }

  #afterDeath(how: string, onFailure: (error: Error) => void): void {
    const { name, log, tell } = this.#options
    this.#child = undefined
    log.note(`ended (${how})`)
    if (this.#isStopping) return
    if (!this.#wasEverReady) return onFailure(new LaunchError(`The ${name} did not start (${how}). ${log.reason()}\nAll it said is in ${log.path}`))
    this.#deaths = Date.now() - this.#startedAt > healthyAfterMs ? 1 : this.#deaths + 1
    const waitMs = Math.min(firstBackOffMs * 2 ** (this.#deaths - 1), longestBackOffMs)
    tell(`The ${name} ended unexpectedly (${how}): starting it again in ${waitMs / 1000} s. Its log: ${log.path}`)
    this.#timer = setTimeout(() => this.#spawn(() => tell(`The ${name} serves again`), () => undefined), waitMs)
  }
}

function isMessage(message: unknown): message is ServiceMessage {
  return typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string'
}
