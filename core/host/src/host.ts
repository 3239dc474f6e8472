import { createServer } from 'node:http'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import bodyParser from '@koa/bodyparser'
import compress from 'koa-compress'
import Koa from 'koa'
import type { Logger } from 'pino'
import { EntityEngine, openDatabase } from '@opsflux/data'
import { answerProblems } from '@opsflux/kernel'
import { authenticate, findUsers, Identity, identityMigrations, identityRoutes, LiveUpdates, moduleMigrations, ModuleManager, moduleRoutes, pluginApi, registryClient, type StepObserver } from '@opsflux/services'
import { assets } from './assets.ts'
import type { HostConfig } from './config.ts'
import { healthRoutes, type Health } from './health.ts'
import { listen } from './listen.ts'
import { readHostId, readSecret } from './secret.ts'
import { securityHeaders } from './security-headers.ts'
import { loadShell } from './shell.ts'
import { shellSession } from './shell-session.ts'

export interface Host {
  url: string
  /** Set until the first administrator has signed in. */
  firstAdministrator: { email: string; password: string } | undefined
  modules: ModuleManager
  /** Lets requests and operations end, then closes everything. */
  stop(): Promise<void>
}

export interface HostOptions {
  log: Logger
  onStep?: StepObserver
}

/** Composes one host process: database, identity, modules, live updates, HTTP. */
export async function startHost(config: HostConfig, { log, onStep }: HostOptions): Promise<Host> {
  await mkdir(config.home, { recursive: true })
  const database = await openDatabase({ adminUrl: config.databaseUrl, secret: await readSecret(config.secretFile), kernelMigrations: [...identityMigrations(), ...moduleMigrations()] })
  const health: Health = { isServing: false }
  const identity = new Identity(database)
  const firstAdministrator = await identity.firstAdministrator(config.adminEmail)
  const registry = registryClient({ url: config.registryUrl, root: await readFile(config.registryRoot), cacheDir: join(config.home, 'registry') })
  let live: LiveUpdates | undefined
  const modules = new ModuleManager({
    database, registry, log, home: config.home, hostId: await readHostId(config.home), marketplaceUrl: config.marketplaceUrl, ...(onStep ? { onStep } : {}),
    onOperation: (operation) => live?.operationChanged(operation),
    onModulesChanged: (id, version) => live?.modulesChanged(id, version),
  })
  const shell = await loadShell()
  const engine = new EntityEngine(database, findUsers)
  const session = shellSession(identity, modules, shell.stylesheets)

  const app = new Koa()
  app.on('error', (error: unknown) => log.error({ err: error }, 'connection error'))
  app.use(securityHeaders())
  app.use(healthRoutes(health, database))
  app.use(answerProblems(log))
  app.use(compress({ threshold: 1_024, br: false }))
  app.use(authenticate(identity, async (tenantId) => (await modules.enabledFor(tenantId)).map((release) => release.manifest)))
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: '1mb', jsonStrict: true, parsedMethods: ['POST', 'PUT', 'PATCH'] }))
  const identityRouter = identityRoutes(identity, session)
  const moduleRouter = moduleRoutes(modules)
  app.use(identityRouter.routes()).use(moduleRouter.routes())
  app.use(pluginApi({ host: modules.host, engine, log, isEnabled: (pluginId, tenantId) => modules.isEnabled(pluginId, tenantId) }))
  app.use(assets(shell.dist, shell, modules, shell.stylesheets))

  const server = createServer(app.callback())
  live = new LiveUpdates(server, identity)
  await modules.start()
  const url = await listen(server, config.port, config.bind)
  health.isServing = true
  return {
    url, firstAdministrator, modules,
    stop: async () => {
      health.isServing = false
      await live.close()
      server.closeIdleConnections()
      await new Promise((closed) => { server.close(closed) })
      await modules.stop()
      await database.close()
    },
  }
}
