import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { identifyProcess } from './process-identity.mjs'

/** @typedef {{ pid: number, identity: string, since: string }} Holder */

/**
 * Takes a lock that dies with its holder: a file that names a process.
 * @param {string} path
 * @returns {{ release(): void } | { heldBy: Holder }}
 */
export function takeLock(path) {
  mkdirSync(dirname(path), { recursive: true })
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify({ pid: process.pid, identity: identifyProcess(process.pid), since: new Date().toISOString() }))
  try {
    for (;;) {
      if (linkUnlessThere(own, path)) return { release: () => releaseLock(path) }
      const holder = readHolder(path)
      if (holder && identifyProcess(holder.pid) === holder.identity) return { heldBy: holder }
      removeStale(path, holder)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** @param {string} own @param {string} path */
function linkUnlessThere(own, path) {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} path @returns {Holder | undefined} */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * Two processes may find the same stale lock: what was moved away is looked at again, and put back if it is somebody's by now.
 * @param {string} path @param {Holder | undefined} stale
 */
function removeStale(path, stale) {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved && moved.identity !== stale?.identity) linkUnlessThere(aside, path)
  rmSync(aside, { force: true })
}

/** @param {string} path */
function releaseLock(path) {
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true })
}
