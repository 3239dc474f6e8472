import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { openDatabase, type Database } from '@opsflux/data'
import { provide, type AnyProvider } from '@opsflux/kernel'
import { serviceRef } from '@opsflux/sdk'
import { Capabilities, capabilityMigrations, Identity, identityMigrations, LiveUpdates, moduleMigrations, ModuleLimits, ModuleManager, Outbound, PluginSecrets, PrivateHosts, registryClient, secretMigrations, type StepObserver } from '@opsflux/services'
import type { HostConfig } from './config.ts'
import { readHostId, readSecret } from './secret.ts'
import { loadShell, type Shell } from './shell.ts'
import { startWeb, type Web } from './web.ts'

export const database = serviceRef<Database>('database')
export const identity = serviceRef<Identity>('identity')
export const capabilities = serviceRef<Capabilities>('capabilities')
export const limits = serviceRef<ModuleLimits>('limits')
export const secrets = serviceRef<PluginSecrets>('secrets')
export const outbound = serviceRef<Outbound>('outbound')
export const httpServer = serviceRef<Server>('http-server')
export const live = serviceRef<LiveUpdates>('live')
export const modules = serviceRef<ModuleManager>('modules')
export const shell = serviceRef<Shell>('shell')
export const web = serviceRef<Web>('web')

export interface HostOptions {
  log: Logger
  onStep?: StepObserver
  /** Judges how old the registry's metadata is. Default: this machine's clock. */
  now?: () => Date
}

/** What runs in a host process. Start order follows from the needs; stopping goes the other way round. */
export function hostServices(config: HostConfig, { log, onStep, now }: HostOptions): AnyProvider[] {
  const privateHosts = new PrivateHosts(config.privateHosts)
  return [
    provide(database, {
      needs: {},
      start: async () => openDatabase({ adminUrl: config.databaseUrl, secret: await readSecret(config.secretFile), kernelMigrations: [...identityMigrations(), ...moduleMigrations(), ...capabilityMigrations(), ...secretMigrations()] }),
      stop: (running) => running.close(),
    }),
    provide(identity, { needs: { database }, start: (needs) => new Identity(needs.database) }),
    provide(capabilities, { needs: { database }, start: (needs) => new Capabilities({ admin: needs.database.admin, log, isPrivateHost: (host) => privateHosts.covers(host) }), stop: (running) => running.stop() }),
    provide(limits, { needs: { database }, start: (needs) => new ModuleLimits(needs.database.admin, log) }),
    provide(secrets, { needs: { database }, start: async (needs) => new PluginSecrets({ admin: needs.database.admin, platformSecret: await readSecret(config.secretFile), log }) }),
    provide(outbound, { needs: { capabilities, secrets }, start: (needs) => new Outbound({ rights: needs.capabilities, secrets: needs.secrets, privateHosts }), stop: (running) => running.stop() }),
    provide(httpServer, { needs: {}, start: () => createServer() }),
    provide(live, { needs: { httpServer, identity }, start: (needs) => new LiveUpdates(needs.httpServer, needs.identity), stop: (running) => running.close() }),
    provide(modules, {
      needs: { capabilities, database, limits, live, secrets },
      start: async (needs) => {
        const registry = registryClient({ url: config.registryUrl, root: await readFile(config.registryRoot), cacheDir: join(config.home, 'registry') }, needs.database.admin)
        const manager = new ModuleManager({
          capabilities: needs.capabilities, database: needs.database, limits: needs.limits, secrets: needs.secrets, registry, log, home: config.home, hostId: await readHostId(config.home), marketplaceUrl: config.marketplaceUrl, ...(onStep ? { onStep } : {}),
          registryRefreshSeconds: config.registryRefreshSeconds, now,
          onOperation: (operation) => needs.live.operationChanged(operation),
          onModulesChanged: (id, version) => needs.live.modulesChanged(id, version),
        })
        await manager.start()
        return manager
      },
      stop: (running) => running.stop(),
    }),
    provide(shell, { needs: {}, start: () => loadShell() }),
    provide(web, {
      needs: { capabilities, database, httpServer, identity, limits, live, modules, outbound, secrets, shell },
      start: (needs) => startWeb(needs, { log, port: config.port, bind: config.bind }),
      stop: (running) => running.stop(),
    }),
  ]
}
