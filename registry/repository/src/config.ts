import { OpsFluxError } from '@opsflux/sdk'

/** What a registry process is told by its environment. */
export interface RegistryConfig {
  home: string
  port: number
  /** Address to listen on. */
  bind: string
}

/** @throws invalid-request naming the variable that is missing or wrong */
export function readConfig(environment: NodeJS.ProcessEnv): RegistryConfig {
  const home = environment['OPSFLUX_REGISTRY_HOME']
  if (!home) throw new OpsFluxError('invalid-request', 'The environment variable OPSFLUX_REGISTRY_HOME is missing: it names the folder of the repository.')
  const port = Number(environment['OPSFLUX_REGISTRY_PORT'] ?? '3001')
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new OpsFluxError('invalid-request', 'OPSFLUX_REGISTRY_PORT must be a port between 0 and 65535.')
  return { home, port, bind: environment['OPSFLUX_REGISTRY_BIND'] ?? '127.0.0.1' }
}
