import { readdirSync, readFileSync } from 'node:fs'

const closeOnExec = 0o2000000

/**
 * Descriptors above `last` that every program this process starts receives. Node opens its own to close there, so these are what
 * the process was itself started with, or a native addon opened. Empty outside Linux: there the system is asked to close all.
 */
export function inheritedDescriptors(last: number): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').map(Number).filter((descriptor) => descriptor > last && isInherited(descriptor))
}

function isInherited(descriptor: number): boolean {
  try {
    // `man 5 proc_pid_fdinfo`: octal, with the flag of the descriptor beside those of the file.
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))
    return flags !== null && (Number.parseInt(flags[1] ?? '', 8) & closeOnExec) === 0
  } catch {
    // Closed by now: that of the folder just listed.
    return false
  }
}
