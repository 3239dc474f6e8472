import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { childExit } from './child.ts'
import { hostDescriptor } from './child-program.ts'
import type { DeathReason } from './events.ts'
import type { Hardening } from './hardening.ts'
import { encodeFrame, FrameReader } from './wire.ts'
import type { FrameListener } from './wire.ts'

/** What waits in the host's memory for a child that stopped reading, at most. */
const unsentBytes = 64 * 1024 * 1024

export interface ChildListeners {
  frame: FrameListener
  /** Once, and nothing after it. */
  died(reason: DeathReason, detail: string): void
}

/** One child process: its pipe, its memory, its end. */
export class SandboxProcess {
  readonly pid: number
  #child: ChildProcess
  #pipe: Duplex
  #listeners: ChildListeners | undefined
  #status: number | undefined
  #statusText = Buffer.alloc(4096)
  #errors = ''

  constructor(options: { program: string; binary: string; hardening: Hardening; maxFrameBytes: number; listeners: ChildListeners }) {
    const { program, binary, hardening, maxFrameBytes, listeners } = options
    const node = [
      process.execPath, '--permission', '--allow-addons', `--allow-fs-read=${binary}`, '--disable-warning=PERM0001',
      '--max-old-space-size=128', '--max-semi-space-size=1', '--v8-pool-size=1', '-e', program,
    ]
    const [command = process.execPath, ...rest] = [...hardening.prefix, ...node]
    this.#listeners = listeners
    this.#child = spawn(command, rest, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], windowsHide: true })
    this.pid = this.#child.pid ?? 0
    const pipe = this.#child.stdio[hostDescriptor]
    if (!(pipe instanceof Duplex)) throw new TypeError('a child without a pipe')
    this.#pipe = pipe
    const reader = new FrameReader(maxFrameBytes, (...frame) => this.#listeners?.frame(...frame))
    this.#pipe.on('data', (chunk: Buffer) => {
      try {
        if (this.#listeners) reader.push(chunk)
      } catch (error) {
        this.kill('protocol', `it sent ${error instanceof Error ? error.message : 'what cannot be read'}`)
      }
    })
    // A write that meets a dead child: 'close' tells the rest.
    this.#pipe.on('error', () => undefined)
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-4000)
    })
    this.#child.once('error', (error) => this.#end('start', error.message))
    this.#child.once('close', (code, signal) => this.#end(...deathOf(code, signal, this.#errors)))
    if (process.platform === 'linux' && this.pid > 0) this.#status = openStatus(this.pid)
  }

  send(kind: number, call: number, hostCall: number, payload: string): void {
    if (!this.#listeners) return
    this.#pipe.write(encodeFrame(kind, call, hostCall, payload))
    if (this.#pipe.writableLength > unsentBytes) this.kill('protocol', 'it stopped reading')
  }

  /** Resident memory in MB; undefined where the system does not tell. */
  residentMb(): number | undefined {
    if (this.#status === undefined) return undefined
    try {
      // An open descriptor stays with this process: a number used again by the system is not mistaken for it. In kB whatever the page size.
      const length = readSync(this.#status, this.#statusText, 0, this.#statusText.length, 0)
      const found = /VmRSS:\s+(\d+)/.exec(this.#statusText.toString('latin1', 0, length))
      return found ? Number(found[1]) / 1024 : undefined
    } catch {
      return undefined
    }
  }

  /** Ends it for a fault: `died` is told at once. */
  kill(reason: DeathReason, detail: string): void {
    this.#child.kill('SIGKILL')
    this.#end(reason, detail)
  }

  /** Ends it without blame: `died` is not told. Settles when the process is gone. */
  async dismiss(): Promise<void> {
    this.#listeners = undefined
    const gone = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.pid === 0) resolve()
      else this.#child.once('exit', () => resolve())
    })
    this.#child.kill('SIGKILL')
    this.#end('crash', '')
    await gone
  }

  #end(reason: DeathReason, detail: string): void {
    if (this.#status !== undefined) closeSync(this.#status)
    this.#status = undefined
    this.#pipe.destroy()
    const listeners = this.#listeners
    this.#listeners = undefined
    listeners?.died(reason, detail)
  }
}

function openStatus(pid: number): number | undefined {
  try {
    return openSync(`/proc/${pid}/status`, 'r')
  } catch {
    return undefined
  }
}

function deathOf(code: number | null, signal: NodeJS.Signals | null, errors: string): [DeathReason, string] {
  if (code === childExit.memory) return ['memory', 'its isolate used more memory than it may']
  if (code === childExit.timeout) return ['timeout', 'its code did not yield']
  if (/heap out of memory|Allocation failed|invalid array length|OOM/i.test(errors)) return ['memory', firstLine(errors)]
  return ['crash', `${signal ?? `exit ${code}`} ${firstLine(errors)}`.trim()]
}

function firstLine(errors: string): string {
  return /^.*(?:fatal|error|failed).*$/im.exec(errors)?.[0].trim().slice(0, 300) ?? ''
}
