import { join, resolve } from 'node:path'
import { LaunchError } from './launch-error.ts'

export type PortName = 'web' | 'registry' | 'marketplace' | 'database'

export interface Settings {
  /** The one folder all data lives in. */
  home: string
  /** Address the web interface listens on. */
  bind: string
  ports: Record<PortName, number>
  /** An external PostgreSQL instead of the embedded one. */
  databaseUrl?: string
}

export const portVariables: Record<PortName, string> = {
  web: 'OPSFLUX_PORT', registry: 'OPSFLUX_REGISTRY_PORT', marketplace: 'OPSFLUX_MARKETPLACE_PORT', database: 'OPSFLUX_DATABASE_PORT',
}

/** Reads the settings from the environment. The web port is 3000 unless set; the others follow it. @throws LaunchError */
export function readSettings(environment: NodeJS.ProcessEnv, rootFolder: string): Settings {
  const web = readPort(environment, 'web', 3000)
  const ports = {
    web,
    registry: readPort(environment, 'registry', web + 1),
    marketplace: readPort(environment, 'marketplace', web + 2),
    database: readPort(environment, 'database', web + 3),
  }
  refuseSharedPorts(ports)
  const home = environment.OPSFLUX_HOME || join(rootFolder, '.opsflux')
  return {
    home: resolve(home),
    bind: environment.OPSFLUX_BIND || '127.0.0.1',
    ports,
    ...(environment.DATABASE_URL ? { databaseUrl: environment.DATABASE_URL } : {}),
  }
}

function readPort(environment: NodeJS.ProcessEnv, name: PortName, otherwise: number): number {
  const text = environment[portVariables[name]] || String(otherwise)
  const port = Number(text)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new LaunchError(`${portVariables[name]} is "${text}": it must be a port number between 1 and 65535.`)
}

function refuseSharedPorts(ports: Record<PortName, number>): void {
  const names = Object.keys(ports) as PortName[]
  for (const name of names) {
    const other = names.find((candidate) => candidate !== name && ports[candidate] === ports[name])
    if (other) throw new LaunchError(`Port ${ports[name]} is asked for twice: set ${portVariables[name]} and ${portVariables[other]} to different ports.`)
  }
}
