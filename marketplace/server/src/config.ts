import { OpsFluxError } from '@opsflux/sdk'

/** What a marketplace process is told by its environment. */
export interface MarketplaceConfig {
  home: string
  port: number
  /** Address to listen on. */
  bind: string
  registryUrl: string
  /** Path of the pinned root.json of the registry. */
  registryRoot: string
  refreshSeconds: number
}

/** @throws invalid-request naming the variable that is missing or wrong */
export function readConfig(environment: NodeJS.ProcessEnv): MarketplaceConfig {
  return {
    home: needed(environment, 'OPSFLUX_MARKETPLACE_HOME'),
    port: wholeNumber(environment['OPSFLUX_MARKETPLACE_PORT'] ?? '3002', 'OPSFLUX_MARKETPLACE_PORT', 0, 65_535),
    bind: environment['OPSFLUX_MARKETPLACE_BIND'] ?? '127.0.0.1',
    registryUrl: needed(environment, 'OPSFLUX_REGISTRY_URL'),
    registryRoot: needed(environment, 'OPSFLUX_REGISTRY_ROOT'),
    refreshSeconds: wholeNumber(environment['OPSFLUX_MARKETPLACE_REFRESH_SECONDS'] ?? '10', 'OPSFLUX_MARKETPLACE_REFRESH_SECONDS', 1, 86_400),
  }
}

function needed(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name]
  if (!value) throw new OpsFluxError('invalid-request', `The environment variable ${name} is missing.`)
  return value
}

function wholeNumber(text: string, name: string, min: number, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max) throw new OpsFluxError('invalid-request', `${name} must be a whole number between ${min} and ${max}, not "${text}".`)
  return value
}
