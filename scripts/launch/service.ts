import { spawn, type ChildProcess } from 'node:child_process'
import { LaunchError } from './launch-error.ts'
import type { LogFile } from './log-file.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { signalGroup, waitForGroupEnd } from './process-group.ts'

const firstBackOff = 500
const longestBackOff = 30_000
const healthyAfter = 60_000

export interface ServiceOptions {
  name: string
  /** File that Node runs. */
  program: string
  environment: NodeJS.ProcessEnv
  runFolder: string
  log: LogFile
  /** What the process says besides `ready`. */
  onMessage?: (message: { type: string } & Record<string, unknown>) => void
  /** Told to the person at the terminal: the process died or came back. */
  tell: (message: string) => void
}

/** A process of the platform: started, watched, started again when it dies, stopped with all it started. */
export class Service {
  readonly name: string
  readonly #options: ServiceOptions
  #child: ChildProcess | undefined
  #stopping = false
  #everReady = false
  #deaths = 0
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0

  constructor(options: ServiceOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Answers with its URL once it serves. @throws LaunchError when it ends before that */
  start(): Promise<string> {
    return new Promise((resolve, reject) => this.#spawn(resolve, reject))
  }

  /** SIGTERM, `graceMs` later SIGKILL to the whole group. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    const pid = this.#child?.pid
    if (pid === undefined) return
    this.#child?.kill('SIGTERM')
    if (!await waitForGroupEnd(pid, graceMs)) {
      this.#options.log.note(`did not stop within ${graceMs / 1000} s: killed`)
      signalGroup(pid, 'SIGKILL')
      await waitForGroupEnd(pid, 5000)
    }
    removePidFile(this.#options.runFolder, this.name)
  }

  /** SIGKILL at once. */
  kill(): void {
    this.#stopping = true
    clearTimeout(this.#timer)
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL')
  }

  #spawn(onReady: (url: string) => void, onFailure: (error: Error) => void): void {
    const { program, environment, runFolder, log } = this.#options
    const child = spawn(process.execPath, [program], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: process.platform !== 'win32' })
    this.#child = child
    this.#startedAt = Date.now()
    if (child.pid !== undefined) writePidFile(runFolder, this.name, child.pid)
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => log.take(chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => log.take(chunk))
    child.on('error', onFailure)
    child.on('message', (message) => this.#take(message, onReady))
    child.on('close', (code, signal) => this.#afterDeath(child, signal ?? `code ${code}`, onFailure))
  }

  #take(message: unknown, onReady: (url: string) => void): void {
    if (!isMessage(message)) return
    if (message.type !== 'ready') return this.#options.onMessage?.(message)
    this.#everReady = true
    onReady(typeof message.url === 'string' ? message.url : '')
  }

  #afterDeath(child: ChildProcess, how: string, onFailure: (error: Error) => void): void {
    const { name } = this
    const { log, tell } = this.#options
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    log.note(`ended (${how})`)
    if (this.#stopping) return
    if (!this.#everReady) return onFailure(new LaunchError(`The ${name} did not start (${how}). The end of ${log.path}:\n${log.tail(12)}`))
    this.#deaths = Date.now() - this.#startedAt > healthyAfter ? 1 : this.#deaths + 1
    const wait = Math.min(firstBackOff * 2 ** (this.#deaths - 1), longestBackOff)
    tell(`The ${name} ended unexpectedly (${how}): starting it again in ${wait / 1000} s. See ${log.path}`)
    this.#timer = setTimeout(() => this.#spawn(() => tell(`The ${name} serves again`), () => undefined), wait)
  }
}

function isMessage(message: unknown): message is { type: string } & Record<string, unknown> {
  return typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string'
}
