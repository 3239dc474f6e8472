import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { Duplex } from 'node:stream'
import { childExit } from './child.ts'
import { hostDescriptor } from './child-program.ts'
import { isShareUsed, nextShare } from './event-loop-share.ts'
import type { DeathReason } from './events.ts'
import type { Hardening } from './hardening.ts'
import { childOf, ProcessFigures } from './process-figures.ts'
import { encodeFrame, FrameReader } from './wire.ts'
import type { FrameListener } from './wire.ts'

/** What waits in the host's memory for a child that stopped reading, at most. */
const unsentBytes = 64 * 1024 * 1024
/** What is read of the child's words on standard error: enough to see why it ended. */
const errorBytes = 65_536

// One thread: what V8 does beside a plugin's code counts as its own, and the heaps give back what they no longer use.
const nodeOptions = ['--disable-warning=PERM0001', '--single-threaded', '--expose-gc', '--max-old-space-size=128', '--max-semi-space-size=1']

export interface ChildListeners {
  frame: FrameListener
  /** Once, and nothing after it. */
  died(reason: DeathReason, detail: string): void
}

/** One child process: its pipe, its figures, its end. */
export class SandboxProcess {
  readonly figures: ProcessFigures
  #child: ChildProcess
  #launcherStays: boolean
  #hasOwnGroup: boolean
  #pipe: Duplex
  #reader: FrameReader
  #listeners: ChildListeners | undefined
  #unblocked: (() => void)[] = []
  #isHeld = false
  #isInTurn = true
  #errors = ''
  #errorBytes = 0

  constructor(options: { program: string; binary: string; hardening: Hardening; maxFrameBytes: number; listeners: ChildListeners }) {
    const { program, binary, hardening, maxFrameBytes, listeners } = options
    const node = [process.execPath, '--permission', '--allow-addons', `--allow-fs-read=${binary}`, ...nodeOptions, '-e', program]
    const [command = process.execPath, ...rest] = [...hardening.prefix, ...node]
    this.#listeners = listeners
    this.#launcherStays = hardening.launcherStays
    // A group of its own: what is sent to all of the host's group, by code of the child or at the terminal, is not for both. Only where no group is needed to end it.
    this.#hasOwnGroup = hardening.applied.includes('ends with the host')
    this.#child = spawn(command, rest, { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: this.#hasOwnGroup, windowsHide: true })
    this.figures = new ProcessFigures(() => this.pid)
    const pipe = this.#child.stdio[hostDescriptor]
    if (!(pipe instanceof Duplex)) throw new TypeError('a child without a pipe')
    this.#pipe = pipe
    this.#reader = new FrameReader(maxFrameBytes, (...frame) => this.#listeners?.frame(...frame))
    this.#pipe.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#pipe.on('drain', () => this.#unblock())
    // A write that meets a dead child: 'close' tells the rest.
    this.#pipe.on('error', () => undefined)
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#readErrors(chunk))
    this.#child.once('error', (error) => this.#end('start', error.message))
    this.#child.once('close', (code, signal) => this.#end(...deathOf(code, signal, this.#errors)))
  }

  /** Of the process that runs the module; undefined before there is one, and after. */
  get pid(): number | undefined {
    const { pid, exitCode, signalCode } = this.#child
    if (pid === undefined || exitCode !== null || signalCode !== null) return undefined
    return this.#launcherStays ? childOf(pid) : pid
  }

  send(kind: number, call: number, hostCall: number, payload: string): void {
    if (!this.#listeners) return
    this.#pipe.write(encodeFrame(kind, call, hostCall, payload))
    if (this.#pipe.writableLength > unsentBytes) this.kill('protocol', 'it stopped reading')
  }

  /** Undefined when the child has taken what it was sent, else settles when it has, or has ended. */
  unblocked(): Promise<void> | undefined {
    if (!this.#pipe.writableNeedDrain || !this.#listeners) return undefined
    return new Promise((resolve) => this.#unblocked.push(resolve))
  }

  /** What it says waits unread: what it does in this time cannot be told from what it has done. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || !this.#listeners) return
    this.#isHeld = isHeld
    this.#flow()
  }

  allowFrames(maxBytes: number): void {
    this.#reader.allow(maxBytes)
  }

  /** Ends it for a fault: `died` is told at once. */
  kill(reason: DeathReason, detail: string): void {
    this.#signal()
    this.#end(reason, detail)
  }

  /** Ends it without blame: `died` is not told. Settles when the process is gone. */
  async dismiss(): Promise<void> {
    this.#listeners = undefined
    const gone = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) resolve()
      else this.#child.once('exit', () => resolve())
    })
    this.#signal()
    this.#end('crash', '')
    await gone
  }

  /** Its launcher, if that stayed, ends when the child is gone. */
  #signal(): void {
    const { pid } = this
    const launcher = this.#child.pid
    try {
      if (this.#launcherStays && pid !== undefined) process.kill(pid, 'SIGKILL')
      else if (this.#hasOwnGroup && launcher !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-launcher, 'SIGKILL')
      else this.#child.kill('SIGKILL')
    } catch {
      // Gone before the signal, or before it was in its group.
      this.#child.kill('SIGKILL')
    }
  }

  #read(chunk: Buffer): void {
    if (!this.#listeners) return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.kill('protocol', `it sent ${error instanceof Error ? error.message : 'what cannot be read'}`)
    }
    if (!isShareUsed()) return
    this.#isInTurn = false
    this.#flow()
    void nextShare().then(() => {
      this.#isInTurn = true
      this.#flow()
    })
  }

  #flow(): void {
    if (this.#isHeld || !this.#isInTurn) this.#pipe.pause()
    else this.#pipe.resume()
  }

  #readErrors(chunk: Buffer): void {
    this.#errorBytes += chunk.length
    this.#errors = (this.#errors + chunk.toString('utf8')).slice(-4000)
    if (this.#errorBytes > errorBytes) this.#child.stderr?.destroy()
  }

  #unblock(): void {
    for (const resolve of this.#unblocked.splice(0)) resolve()
  }

  #end(reason: DeathReason, detail: string): void {
    this.figures.close()
    this.#pipe.destroy()
    this.#child.stderr?.destroy()
    const listeners = this.#listeners
    this.#listeners = undefined
    this.#unblock()
    listeners?.died(reason, detail)
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
