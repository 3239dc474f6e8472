import type { Server } from 'node:http'
import bodyParser from '@koa/bodyparser'
import compress from 'koa-compress'
import Koa from 'koa'
import type { Logger } from 'pino'
import type { Database } from '@opsflux/data'
import { sandboxStatus } from '@opsflux/kernel'
import { answerProblems, listen } from '@opsflux/process'
import { accessRoutes, authenticate, customFieldRoutes, fileRoutes, Files, identityRoutes, moduleRoutes, openApiRoutes, platformRoutes, pluginApi, recordParts, secretRoutes, useSight, type CustomFields, type FileStore, type Identity, type LiveUpdates, type ModuleLimits, type ModuleManager, type PluginSecrets } from '@opsflux/services'
import { apiDocs } from './api-docs.ts'
import { assets } from './assets.ts'
import { databaseFaults } from './database-faults.ts'
import { healthRoutes, type Health } from './health.ts'
import type { Records } from './records.ts'
import { refusedIds } from './refused-ids.ts'
import { securityHeaders } from './security-headers.ts'
import type { Shell } from './shell.ts'
import { shallowBody } from './shallow-body.ts'
import { shellSession } from './shell-session.ts'

export interface Web {
  url: string
  /** Takes no new connections, lets requests end, closes live ones. */
  stop(): Promise<void>
}

interface WebNeeds {
  customFields: CustomFields
  database: Database
  fileStore: FileStore
  httpServer: Server
  identity: Identity
  limits: ModuleLimits
  live: LiveUpdates
  modules: ModuleManager
  records: Records
  secrets: PluginSecrets
  shell: Shell
}

/** Largest JSON body, bytes as koa reads them; packages have a limit of their own. */
const jsonLimit = '1mb'

/** Who has not ended a request by then is let go: stopping does not wait for a client that never ends its own. */
const patienceMs = 10_000

/** Puts the routes together and listens. */
export async function startWeb(needs: WebNeeds, { log, port, bind }: { log: Logger; port: number; bind: string }): Promise<Web> {
  const { httpServer, live } = needs
  const health: Health = { isServing: false }
  httpServer.on('request', createApp(needs, health, log).callback())
  const url = await listen(httpServer, { port, bind, variable: 'OPSFLUX_PORT' })
  health.isServing = true
  return {
    url,
    stop: async () => {
      health.isServing = false
      const closed = new Promise<void>((resolve) => { httpServer.once('close', resolve) })
      const late = setTimeout(() => httpServer.closeAllConnections(), patienceMs)
      // Closes the HTTP server with it, and the WebSockets that would keep it open.
      await live.close()
      httpServer.closeIdleConnections()
      await closed
      clearTimeout(late)
    },
  }
}

function createApp({ customFields, database, fileStore, identity, limits, modules, records, secrets, shell }: WebNeeds, health: Health, log: Logger): Koa {
  const { actorFor, calls, enabledFor, engine } = records
  const isEnabled = (pluginId: string, tenantId: string): Promise<boolean> => modules.isEnabled(pluginId, tenantId)
  const session = shellSession(identity, modules, shell.stylesheets)
  const app = new Koa()
  app.on('error', (error: unknown) => log.error({ err: error }, 'connection error'))
  app.use(securityHeaders())
  app.use(healthRoutes(health, database))
  app.use(answerProblems(log))
  app.use(databaseFaults())
  app.use(compress({ threshold: 1_024, br: false }))
  app.use(authenticate(identity, enabledFor))
  app.use(refusedIds(engine))
  app.use(fileRoutes(new Files(database, fileStore), useSight({ host: modules.host, engine, actorFor, isEnabled })).routes())
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit, jsonStrict: true, parsedMethods: ['POST', 'PUT', 'PATCH'] }))
  app.use(shallowBody())
  // First: what is asked for most does not pass the routers of everything else.
  app.use(pluginApi({ calls, engine, actorFor, subresources: recordParts }))
  app.use(identityRoutes(identity, session).routes())
  app.use(accessRoutes({ database, noteChanged: (id) => identity.noteChanged(id) }).routes())
  app.use(moduleRoutes(modules).routes())
  app.use(secretRoutes(secrets).routes())
  app.use(customFieldRoutes(customFields, { isEnabled }).routes())
  app.use(platformRoutes({ limits, sandboxStatus, registryStatus: () => modules.registryStatus(), onCeilingsChanged: () => modules.applyLimits() }).routes())
  app.use(openApiRoutes({ enabledFor: (tenantId) => modules.enabledFor(tenantId), customFieldsOf: (...of) => customFields.of(...of) }).routes())
  app.use(apiDocs())
  app.use(assets(shell.dist, shell, modules, shell.stylesheets))
  return app
}
