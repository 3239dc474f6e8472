import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { openDatabase, type Database } from '@opsflux/data'
import { provide, type AnyProvider } from '@opsflux/kernel'
import { serviceRef } from '@opsflux/sdk'
import { Identity, identityMigrations, LiveUpdates, moduleMigrations, ModuleManager, registryClient, type StepObserver } from '@opsflux/services'
import type { HostConfig } from './config.ts'
import { readHostId, readSecret } from './secret.ts'
import { loadShell, type Shell } from './shell.ts'
import { startWeb, type Web } from './web.ts'

export const database = serviceRef<Database>('database')
export const identity = serviceRef<Identity>('identity')
export const httpServer = serviceRef<Server>('http-server')
export const live = serviceRef<LiveUpdates>('live')
export const modules = serviceRef<ModuleManager>('modules')
export const shell = serviceRef<Shell>('shell')
export const web = serviceRef<Web>('web')

export interface HostOptions {
  log: Logger
  onStep?: StepObserver
}

/** What runs in a host process. Start order follows from the needs; stopping goes the other way round. */
export function hostServices(config: HostConfig, { log, onStep }: HostOptions): AnyProvider[] {
  return [
    provide(database, {
      needs: {},
      start: async () => openDatabase({ adminUrl: config.databaseUrl, secret: await readSecret(config.secretFile), kernelMigrations: [...identityMigrations(), ...moduleMigrations()] }),
      stop: (running) => running.close(),
    }),
    provide(identity, { needs: { database }, start: (needs) => new Identity(needs.database) }),
    provide(httpServer, { needs: {}, start: () => createServer() }),
    provide(live, { needs: { httpServer, identity }, start: (needs) => new LiveUpdates(needs.httpServer, needs.identity), stop: (running) => running.close() }),
    provide(modules, {
      needs: { database, live },
      start: async (needs) => {
        const registry = registryClient({ url: config.registryUrl, root: await readFile(config.registryRoot), cacheDir: join(config.home, 'registry') }, needs.database.admin)
        const manager = new ModuleManager({
          database: needs.database, registry, log, home: config.home, hostId: await readHostId(config.home), marketplaceUrl: config.marketplaceUrl, ...(onStep ? { onStep } : {}),
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
      needs: { database, httpServer, identity, live, modules, shell },
      start: (needs) => startWeb(needs, { log, port: config.port, bind: config.bind }),
      stop: (running) => running.stop(),
    }),
  ]
}
