import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LaunchError } from './launch-error.ts'

export interface Home {
  /** The one folder all data lives in. */
  path: string
  run: string
  logs: string
  keys: string
  registry: string
  marketplace: string
  /** The host's own data. */
  host: string
}

/**
 * Makes the data folder. Others may pass through it, because the embedded PostgreSQL of a root user runs as somebody else,
 * but not look into its parts. @throws LaunchError
 */
export function openHome(path: string): Home {
  const home: Home = {
    path, run: join(path, 'run'), logs: join(path, 'logs'), keys: join(path, 'keys'),
    registry: join(path, 'registry'), marketplace: join(path, 'marketplace'), host: join(path, 'host'),
  }
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 })
    for (const folder of Object.values(home)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      accessSync(folder, constants.W_OK | constants.X_OK)
    }
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new LaunchError(`The data folder ${path} cannot be written to (${reason}). Start as the user it belongs to, or set OPSFLUX_HOME to another folder.`, { cause })
  }
  return home
}
