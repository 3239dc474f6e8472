import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const maxBytes = 10 * 1024 * 1024
const keptFiles = 4

/** A log of JSON lines, as pino writes them, that is set aside as `<name>.1.log` … `<name>.4.log` whenever it reaches 10 MiB. */
export class LogFile {
  readonly path: string
  readonly #folder: string
  readonly #name: string
  #file: number
  #size: number
  #unfinished = ''
  #isClosed = false
  #recent: string[] = []

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    this.path = join(folder, `${name}.log`)
    this.#file = openSync(this.path, 'a', 0o600)
    this.#size = fstatSync(this.#file).size
  }

  /** Takes output as it comes; a line that is not JSON becomes the message of one. */
  take(chunk: string): void {
    const lines = (this.#unfinished + chunk).split('\n')
    this.#unfinished = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') this.#write(line)
  }

  note(message: string): void {
    this.#write(message)
  }

  /** What went wrong, for an error message: the last errors it logged or threw, else its last lines. */
  reason(): string {
    const lines = [...this.#recent, this.#unfinished].filter((line) => line !== '')
    const faults = lines.flatMap(faultOf)
    return faults.length > 0 ? faults.slice(-3).join('\n') : `Its last words:\n${lines.slice(-12).join('\n')}`
  }

  /** What comes later is left out: a process may still be ending when its log is closed. */
  close(): void {
    if (this.#unfinished !== '') this.#write(this.#unfinished)
    this.#unfinished = ''
    closeSync(this.#file)
    this.#isClosed = true
  }

  #write(line: string): void {
    if (this.#isClosed) return
    this.#recent = [...this.#recent.slice(-29), line]
    const entry = Buffer.from(`${isJsonObject(line) ? line : JSON.stringify({ level: 30, time: Date.now(), process: this.#name, msg: line })}\n`)
    if (this.#size + entry.length > maxBytes) this.#rotate()
    writeSync(this.#file, entry)
    this.#size += entry.length
  }

  #rotate(): void {
    closeSync(this.#file)
    for (let number = keptFiles; number >= 1; number -= 1) {
      const from = number === 1 ? this.path : join(this.#folder, `${this.#name}.${number - 1}.log`)
      if (existsSync(from)) renameSync(from, join(this.#folder, `${this.#name}.${number}.log`))
    }
    this.#file = openSync(this.path, 'a', 0o600)
    this.#size = 0
  }
}

function isJsonObject(line: string): boolean {
  return parseObject(line) !== undefined
}

// pino's levels: 50 is an error, 60 is fatal. Node prints what nobody caught as `TypeError: …` or `Error [CODE]: …`.
function faultOf(line: string): string[] {
  if (/^\w*Error( \[\w+\])?: /.test(line)) return [line]
  const { level, msg, err } = parseObject(line) ?? {}
  if (typeof level !== 'number' || level < 50 || typeof msg !== 'string') return []
  const cause = typeof err === 'object' && err !== null && 'message' in err && typeof err.message === 'string' ? err.message : msg
  return [cause === msg ? msg : `${msg}: ${cause}`]
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}
