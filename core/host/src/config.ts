import { OpsFluxError } from '@opsflux/sdk'
import { PrivateHosts } from '@opsflux/services'

/** What a host process is told by its environment. */
export interface HostConfig {
  databaseUrl: string
  /** Folder of this host's packages, unpacked modules and identity. */
  home: string
  port: number
  /** Address to listen on. */
  bind: string
  registryUrl: string
  /** Path of the pinned root.json of the registry. */
  registryRoot: string
  marketplaceUrl: string | undefined
  /** Between two looks at the registry. Default 3600. */
  registryRefreshSeconds?: number
  /** Path of the file that holds the platform's secret, the same on every host. */
  secretFile: string
  /** E-mail address of the first administrator. */
  adminEmail: string
  /** On-premise hosts that modules may be granted: `host[:port]`, comma separated. Default: none. */
  privateHosts?: string | undefined
}

/** @throws invalid-request naming the variable that is missing or wrong */
export function readConfig(environment: NodeJS.ProcessEnv): HostConfig {
  const home = needed(environment, 'OPSFLUX_HOME')
  return {
    databaseUrl: needed(environment, 'DATABASE_URL'),
    home,
    port: port(environment['OPSFLUX_PORT'] ?? '3000', 'OPSFLUX_PORT'),
    bind: environment['OPSFLUX_BIND'] ?? '127.0.0.1',
    registryUrl: needed(environment, 'OPSFLUX_REGISTRY_URL'),
    registryRoot: needed(environment, 'OPSFLUX_REGISTRY_ROOT'),
    marketplaceUrl: environment['OPSFLUX_MARKETPLACE_URL'],
    registryRefreshSeconds: seconds(environment['OPSFLUX_REGISTRY_REFRESH_SECONDS'] || '3600', 'OPSFLUX_REGISTRY_REFRESH_SECONDS'),
    secretFile: needed(environment, 'OPSFLUX_SECRET_FILE'),
    adminEmail: environment['OPSFLUX_ADMIN_EMAIL'] ?? 'admin@opsflux.local',
    privateHosts: hosts(environment['OPSFLUX_PRIVATE_HOSTS']),
  }
}

function needed(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name]
  if (!value) throw new OpsFluxError('invalid-request', `The environment variable ${name} is missing. docs/reference/configuration.md lists them all.`)
  return value
}

function port(text: string, name: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new OpsFluxError('invalid-request', `${name} must be a port between 0 and 65535, not "${text}".`)
  return value
}

function hosts(text: string | undefined): string | undefined {
  // Throws for what is no host.
  new PrivateHosts(text)
  return text
}

// More than a day would leave a revoked release running for longer than anybody expects.
function seconds(text: string, name: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 86_400) throw new OpsFluxError('invalid-request', `${name} must be whole seconds between 1 and 86400, not "${text}".`)
  return value
}
