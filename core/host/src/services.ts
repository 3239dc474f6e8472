import { createServer, type Server } from 'node:http'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { Notifications, openDatabase, type Database } from '@opsflux/data'
import { provide, type AnyProvider } from '@opsflux/kernel'
import { serviceRef } from '@opsflux/sdk'
import { Capabilities, capabilityMigrations, CustomFields, customFieldMigrations, fileMigrations, FileSweep, FolderStore, Identity, identityMigrations, LiveUpdates, moduleMigrations, ModuleLimits, ModuleManager, Outbound, outboxMigrations, PluginSecrets, PrivateHosts, recordMigrations, registryClient, secretMigrations, type FileStore, type StepObserver } from '@opsflux/services'
import type { HostConfig } from './config.ts'
import { startRecords, type Records } from './records.ts'
import { readHostId, readSecret } from './secret.ts'
import { loadShell, type Shell } from './shell.ts'
import { startWeb, type Web } from './web.ts'

export const database = serviceRef<Database>('database')
export const notifications = serviceRef<Notifications>('notifications')
export const fileStore = serviceRef<FileStore>('file-store')
export const fileSweep = serviceRef<FileSweep>('file-sweep')
export const identity = serviceRef<Identity>('identity')
export const capabilities = serviceRef<Capabilities>('capabilities')
export const limits = serviceRef<ModuleLimits>('limits')
export const secrets = serviceRef<PluginSecrets>('secrets')
export const outbound = serviceRef<Outbound>('outbound')
export const httpServer = serviceRef<Server>('http-server')
export const live = serviceRef<LiveUpdates>('live')
export const modules = serviceRef<ModuleManager>('modules')
export const customFields = serviceRef<CustomFields>('custom-fields')
export const records = serviceRef<Records>('records')
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
      start: async () => openDatabase({ adminUrl: config.databaseUrl, secret: await readSecret(config.secretFile), kernelMigrations: [...identityMigrations(), ...moduleMigrations(), ...capabilityMigrations(), ...secretMigrations(), ...fileMigrations(), ...recordMigrations(), ...outboxMigrations(), ...customFieldMigrations()] }),
      stop: (running) => running.close(),
    }),
    provide(notifications, { needs: { database }, start: (needs) => Notifications.start(needs.database.roleUrl('opsflux_app')), stop: (running) => running.close() }),
    provide(identity, { needs: { database, notifications }, start: (needs) => new Identity(needs.database, needs.notifications) }),
    provide(fileStore, { needs: {}, start: () => new FolderStore(join(config.home, 'files')) }),
    provide(fileSweep, { needs: { database, fileStore }, start: (needs) => new FileSweep(needs.database, needs.fileStore, log).start(), stop: (running) => running.stop() }),
    provide(capabilities, { needs: { database }, start: (needs) => new Capabilities({ admin: needs.database.admin, log, isPrivateHost: (host) => privateHosts.covers(host) }), stop: (running) => running.stop() }),
    provide(limits, { needs: { database }, start: (needs) => new ModuleLimits(needs.database.admin, log) }),
    provide(secrets, { needs: { database }, start: async (needs) => new PluginSecrets({ admin: needs.database.admin, platformSecret: await readSecret(config.secretFile), log }) }),
    provide(outbound, { needs: { capabilities, secrets }, start: (needs) => new Outbound({ rights: needs.capabilities, secrets: needs.secrets, privateHosts }), stop: (running) => running.stop() }),
    provide(httpServer, { needs: {}, start: () => createServer() }),
    provide(live, { needs: { httpServer, identity }, start: (needs) => new LiveUpdates(needs.httpServer, needs.identity), stop: (running) => running.close() }),
    provide(modules, {
      needs: { capabilities, database, limits, live, notifications, secrets },
      start: async (needs) => {
        const registry = registryClient({ url: config.registryUrl, root: await readFile(config.registryRoot), cacheDir: join(config.home, 'registry') }, needs.database.admin)
        const manager = new ModuleManager({
          capabilities: needs.capabilities, database: needs.database, limits: needs.limits, notifications: needs.notifications, secrets: needs.secrets, registry, log, home: config.home, hostId: await readHostId(config.home), marketplaceUrl: config.marketplaceUrl, ...(onStep ? { onStep } : {}),
          registryRefreshSeconds: config.registryRefreshSeconds, now,
          onOperation: (operation) => needs.live.operationChanged(operation),
          onModulesChanged: (id, version) => needs.live.modulesChanged(id, version),
        })
        await manager.start()
        return manager
      },
      stop: (running) => running.stop(),
    }),
    provide(customFields, {
      needs: { database, modules, notifications },
      start: (needs) => {
        const fields = new CustomFields({ database: needs.database, notifications: needs.notifications, releaseOf: (pluginId) => needs.modules.host.current(pluginId)?.entities, log })
        fields.resume()
        return fields
      },
      stop: (running) => running.stop(),
    }),
    provide(records, { needs: { capabilities, customFields, database, identity, live, modules, notifications, outbound }, start: (needs) => startRecords(needs, log), stop: (running) => running.stop() }),
    provide(shell, { needs: {}, start: () => loadShell() }),
    provide(web, {
      needs: { customFields, database, fileStore, httpServer, identity, limits, live, modules, records, secrets, shell },
      start: (needs) => startWeb(needs, { log, port: config.port, bind: config.bind }),
      stop: (running) => running.stop(),
    }),
  ]
}
