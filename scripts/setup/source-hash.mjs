import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const skipped = new Set(['node_modules', 'dist', '.git', '.cache'])

/**
 * SHA-256 over the paths and contents of files and folders; what an installation or a build makes is left out.
 * @param {string} base folder the paths are relative to
 * @param {readonly string[]} paths those that do not exist count as absent
 * @param {readonly string[]} leftOut folder names besides those of installations and builds
 * @returns {string} hexadecimal
 */
export function hashSources(base, paths, leftOut = []) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((path) => listFiles(join(base, path), leftOut))) {
    hash.update(`${relative(base, file).replaceAll('\\', '/')}\0`).update(createHash('sha256').update(readFileSync(file)).digest())
  }
  return hash.digest('hex')
}

/** @param {string} path @param {readonly string[]} leftOut @returns {string[]} */
function listFiles(path, leftOut) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => !skipped.has(name) && !leftOut.includes(name))
  return names.toSorted().flatMap((name) => listFiles(join(path, name), leftOut))
}
