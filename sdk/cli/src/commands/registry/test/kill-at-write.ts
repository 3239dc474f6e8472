import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

// Loaded before a command: the process is killed, as by a loss of power, right before it changes files for the n-th time.
const killAt = Number(process.env['KILL_AT_WRITE'])
let count = 0

function counted<A extends unknown[], R>(work: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return (...args) => {
    count += 1
    if (count === killAt) process.kill(process.pid, 'SIGKILL')
    return work(...args)
  }
}

files.rename = counted(files.rename)
files.rm = counted(files.rm)
files.link = counted(files.link)
syncBuiltinESMExports()
