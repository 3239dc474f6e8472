import type { Logger } from 'pino'
import { EntityEngine, type Actor, type Database, type Notifications } from '@opsflux/data'
import {
  actorOf, findCompanies, findDepartments, findFiles, findUsers, forgetRecord, noteFileUses, Outbox, PluginCalls, RecordWatches,
  type Capabilities, type CustomFields, type Identity, type LiveUpdates, type ModuleManager, type Outbound, type SignedIn,
} from '@opsflux/services'
import type { PluginManifest } from '@opsflux/sdk'

export interface RecordsNeeds {
  capabilities: Capabilities
  customFields: CustomFields
  database: Database
  identity: Identity
  live: LiveUpdates
  modules: ModuleManager
  notifications: Notifications
  outbound: Outbound
}

/** The records of all plugins, the code that works on them, and those who are told when they change. */
export interface Records {
  engine: EntityEngine
  calls: PluginCalls
  enabledFor(tenantId: string): Promise<PluginManifest[]>
  /** With the permissions of the releases that serve now. */
  actorFor(user: SignedIn): Promise<Actor>
  stop(): Promise<void>
}

export function startRecords({ capabilities, customFields, database, identity, live, modules, notifications, outbound }: RecordsNeeds, log: Logger): Records {
  const { host } = modules
  const releasesFor = modules.enabledFor.bind(modules)
  const enabledFor = async (tenantId: string): Promise<PluginManifest[]> => (await releasesFor(tenantId)).map((release) => release.manifest)
  const actorFor = async (user: SignedIn): Promise<Actor> => actorOf(user, await enabledFor(user.tenantId))
  const engine = new EntityEngine(database, {
    lookups: { user: findUsers, company: findCompanies, department: findDepartments, file: findFiles }, noteFiles: noteFileUses, forgetRecord,
    releases: () => host.all().map(({ entities }) => entities), customFieldsOf: (...of) => customFields.of(...of), onCommitted: (_tenantId, pluginIds) => outbox.wake(pluginIds),
  })
  const calls = new PluginCalls({ host, engine, capabilities, outbound, enabledFor: releasesFor, log })
  const outbox = new Outbox({
    databaseUrl: database.adminUrl, engine, host, calls, enabledFor: releasesFor, notifications, log,
    actorFor: async (tenantId, userId) => {
      const user = await identity.user(tenantId, userId)
      // Whose account is gone has no rights.
      return user ? actorFor(user) : { tenantId, userId, locale: 'en', permissions: [] }
    },
  })
  const watches = new RecordWatches({ calls, engine, enabledFor: releasesFor, notifications, log })
  live.offerRecords(watches, actorFor)
  return {
    engine, calls, enabledFor, actorFor,
    stop: async () => {
      watches.stop()
      await outbox.stop()
    },
  }
}
