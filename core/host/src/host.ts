import { mkdir } from 'node:fs/promises'
import type { Logger } from 'pino'
import { sandboxStatus, Services } from '@opsflux/kernel'
import type { ModuleManager } from '@opsflux/services'
import type { HostConfig } from './config.ts'
import { hostServices, identity, modules, web, type HostOptions } from './services.ts'

export interface Host {
  url: string
  /** Set until the first administrator has signed in. */
  firstAdministrator: { email: string; password: string } | undefined
  modules: ModuleManager
  /** Lets requests and operations end, then closes everything. */
  stop(): Promise<void>
}

/** Starts one host process' worth of services; when one fails, those already running are stopped. */
export async function startHost(config: HostConfig, options: HostOptions): Promise<Host> {
  await mkdir(config.home, { recursive: true })
  const services = await Services.start(hostServices(config, options))
  const firstAdministrator = await services.get(identity).firstAdministrator(config.adminEmail)
  void tellHardening(options.log)
  return { url: services.get(web).url, firstAdministrator, modules: services.get(modules), stop: () => services.stop() }
}

/** How modules are kept in, as on the Platform screen; what this system does not offer is a warning. */
async function tellHardening(log: Logger): Promise<void> {
  try {
    const { applied, missing } = await sandboxStatus()
    log.info({ applied }, 'modules are kept in by these measures')
    if (missing.length > 0) log.warn({ missing }, 'modules are kept in without these measures, which this system does not offer')
  } catch (error) {
    log.error({ err: error }, 'how modules are kept in could not be found out')
  }
}
