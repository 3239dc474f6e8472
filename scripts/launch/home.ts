import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LaunchError } from './launch-error.ts'

export interface Home {
  run: string
  logs: string
  keys: string
  registry: string
  marketplace: string
  /** Folder of the host's own data. */
  host: string
}

/** Makes the data folder. Others may pass through it, because the embedded PostgreSQL of a root user runs as somebody else, but not look into its parts. */
export function openHome(path: string): Home {
  const home: Home = { run: join(path, 'run'), logs: join(path, 'logs'), keys: join(path, 'keys'), registry: join(path, 'registry'), marketplace: join(path, 'marketplace'), host: path }
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 })
    for (const folder of [home.run, home.logs, home.keys, home.registry, home.marketplace]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const folder of [path, home.run, home.logs, home.keys]) accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new LaunchError(`The data folder ${path} cannot be written to (${cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)}). Start as the user it belongs to, or set OPSFLUX_HOME to another folder.`, { cause })
  }
  return home
}
