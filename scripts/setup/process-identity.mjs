import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Tells one process from every other that ever had its number: when it was started, to the clock tick where the system says so.
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process, or it is a zombie
 */
export function identifyProcess(pid) {
  return process.platform === 'linux' ? identifyOnLinux(pid) : identifyByPs(pid)
}

/** @param {number} pid */
function identifyOnLinux(pid) {
  try {
    // proc(5): the name in parentheses may hold spaces; state is the 3rd field, starttime the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function identifyByPs(pid) {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=,command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}
