import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const maxBytes = 10 * 1024 * 1024
const keptFiles = 4

/** A log of JSON lines that is set aside as `<name>.1.log` … `<name>.4.log` whenever it reaches 10 MiB. */
export class LogFile {
  readonly path: string
  readonly #folder: string
  readonly #name: string
  #file: number
  #size: number
  #unfinished = ''
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

  /** The last lines, for an error message. */
  tail(count: number): string {
    return [...this.#recent, this.#unfinished].filter((line) => line !== '').slice(-count).join('\n')
  }

  close(): void {
    if (this.#unfinished !== '') this.#write(this.#unfinished)
    this.#unfinished = ''
    closeSync(this.#file)
  }

  #write(line: string): void {
    this.#recent = [...this.#recent.slice(-29), line]
    const entry = Buffer.from(`${isJsonObject(line) ? line : JSON.stringify({ time: new Date().toISOString(), process: this.#name, message: line })}\n`)
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
  if (!line.startsWith('{')) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
