import { createServer } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { answerProblems, closeServer, listen } from '@opsflux/process'
import { initialiseRepository } from './initialise.ts'
import { renew } from './renewal.ts'
import { Repository } from './repository.ts'
import { publishingRoutes, readingRoutes } from './routes.ts'

export interface RegistryOptions {
  /** Folder of the repository; made when it is not there. */
  home: string
  /** 0 takes a free one. */
  port: number
  /** Address to listen on. */
  bind: string
  log: Logger
}

export interface Registry {
  url: string
  /** Ends after the requests that are being answered. */
  stop(): Promise<void>
}

const renewalMs = 600_000

/** Serves a repository and keeps what it signs from running out. */
export async function startRegistry({ home, port, bind, log }: RegistryOptions): Promise<Registry> {
  const repository = new Repository(home)
  await initialiseRepository(home)
  await repository.store.removeLeftovers()
  await renewAndTell(repository, log)
  const timer = setInterval(() => {
    renewAndTell(repository, log).catch((error: unknown) => log.error({ err: error }, 'renewal failed'))
  }, renewalMs).unref()
  const app = new Koa()
  app.on('error', (error: unknown) => log.warn({ err: error }, 'answer failed'))
  app.use(answerProblems(log)).use(health(repository))
  for (const router of [readingRoutes(repository), publishingRoutes(repository)]) app.use(router.routes()).use(router.allowedMethods())
  const server = createServer(app.callback())
  const url = await listen(server, { port, bind, variable: 'OPSFLUX_REGISTRY_PORT' })
  return {
    url,
    async stop() {
      clearInterval(timer)
      await closeServer(server)
    },
  }
}

async function renewAndTell(repository: Repository, log: Logger): Promise<void> {
  const { renewed, waiting } = await renew(repository)
  if (renewed.length > 0) log.info({ roles: renewed }, 'signed anew')
  if (waiting.length > 0) log.warn({ roles: waiting }, 'half of the lifetime is over and the key is not here: sign anew with it before the rest is')
}

/** `/health/live`: the process answers. `/health/ready`: its repository can be read; 503 otherwise. */
function health(repository: Repository): Middleware {
  return async (context, next) => {
    if (context.path === '/health/live') context.body = { status: 'live' }
    else if (context.path === '/health/ready') {
      const isReadable = await repository.state().then(() => true, () => false)
      context.status = isReadable ? 200 : 503
      context.body = { status: isReadable ? 'ready' : 'repository-unreadable' }
    } else return next()
    context.set('cache-control', 'no-store')
  }
}
