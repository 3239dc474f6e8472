import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Removes what a killed host left half-written, and unpacked releases that nothing leads to any more.
 * @param needed folders of releases, relative to `modulesFolder`: `hse-reports/1.1.0-0123456789ab`
 */
export async function sweepModules(modulesFolder: string, needed: ReadonlySet<string>): Promise<void> {
  for (const id of await namesIn(modulesFolder)) {
    for (const release of await namesIn(join(modulesFolder, id))) {
      const folder = join(id, release)
      if (!needed.has(folder)) await rm(join(modulesFolder, folder), { recursive: true, force: true })
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}
