import { closeSync, openSync, readSync } from 'node:fs'

// What Linux counts processor time in for programs, on every architecture Node runs on (`man 3 sysconf`, _SC_CLK_TCK).
const msPerTick = 10
// One for all: they are read one after the other.
const text = Buffer.alloc(4096)

/** Where Linux tells the numbers of a process's children. */
export function childList(pid: number): string {
  return `/proc/${pid}/task/${pid}/children`
}

/** The only child of a process; undefined when it has none yet, or no more. */
export function childOf(pid: number): number | undefined {
  const list = open(childList(pid))
  const found = Number.parseInt(read(list) ?? '', 10)
  if (list !== undefined) closeSync(list)
  return Number.isNaN(found) ? undefined : found
}

/**
 * What Linux tells of a running process. The files are opened once and kept: an open one stays with its process, so that a
 * number the system has given to another is not mistaken for it. Elsewhere, and until the process is there, every figure is undefined.
 */
export class ProcessFigures {
  #find: () => number | undefined
  #status: number | undefined
  #stat: number | undefined
  #isClosed = process.platform !== 'linux'

  constructor(find: () => number | undefined) {
    this.#find = find
  }

  /** Resident memory, MiB. */
  residentMb(): number | undefined {
    // In kB whatever the page size.
    const found = /VmRSS:\s+(\d+)/.exec(this.#read('status') ?? '')
    return found ? Number(found[1]) / 1024 : undefined
  }

  /** Processor time since it began, of all its threads, in milliseconds. */
  cpuMs(): number | undefined {
    const line = this.#read('stat')
    if (line === undefined) return undefined
    // Fields 14 and 15, utime and stime; the second, the name in brackets, may hold spaces and brackets itself (`man 5 proc`).
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ', 13)
    const ticks = Number(fields[11]) + Number(fields[12])
    return Number.isFinite(ticks) ? ticks * msPerTick : undefined
  }

  close(): void {
    this.#isClosed = true
    for (const file of [this.#status, this.#stat]) if (file !== undefined) closeSync(file)
    this.#status = undefined
    this.#stat = undefined
  }

  #read(name: 'status' | 'stat'): string | undefined {
    if (this.#isClosed) return undefined
    if (this.#status === undefined || this.#stat === undefined) this.#open()
    return read(name === 'status' ? this.#status : this.#stat)
  }

  #open(): void {
    const pid = this.#find()
    if (pid === undefined) return
    this.#status ??= open(`/proc/${pid}/status`)
    this.#stat ??= open(`/proc/${pid}/stat`)
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}

function read(file: number | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return text.toString('latin1', 0, readSync(file, text, 0, text.length, 0))
  } catch {
    return undefined
  }
}
