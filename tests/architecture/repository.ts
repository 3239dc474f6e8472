import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../../scripts/setup/paths.mjs'

const left = new Set(['node_modules', 'dist', 'dist.next', 'dist.previous', '.git', '.nx', '.cache', '.opsflux', 'artefacts'])

/** Every file of the repository, as a path from its root; what `.gitignore` leaves out is left out. */
export const files: readonly string[] = list('')

export const sources = files.filter((path) => /\.(ts|vue|mjs)$/.test(path))

export function read(path: string): string {
  return readFileSync(join(rootFolder, path), 'utf8')
}

export function exists(path: string): boolean {
  return existsSync(join(rootFolder, path))
}

function list(folder: string): string[] {
  return readdirSync(join(rootFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (left.has(entry.name) || /\.(tgz|tsbuildinfo)$/.test(entry.name)) return []
    return entry.isDirectory() ? list(path) : [path]
  })
}
