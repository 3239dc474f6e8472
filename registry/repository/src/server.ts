import { createServer } from 'node:http'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { answerProblems, closeServer, listen } from '@opsflux/process'
import { Renewer } from './renewer.ts'
import { Repository } from './repository.ts'
import { publishingRoutes, readingRoutes } from './routes.ts'

export interface RegistryOptions {
  /** Folder of a repository that `opsflux registry init` and `root apply` made. */
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

/** Serves a repository and keeps what it signs from running out. @throws not-ready when there is none in the folder */
export async function startRegistry({ home, port, bind, log }: RegistryOptions): Promise<Registry> {
  const repository = new Repository(home)
  await repository.state()
  await repository.store.removeLeftovers()
  const renewer = new Renewer(repository, log)
  await renewer.start()
  const app = new Koa()
  app.on('error', (error: unknown) => log.warn({ err: error }, 'answer failed'))
  app.use(answerProblems(log)).use(health(repository))
  for (const router of [readingRoutes(repository), publishingRoutes(repository)]) app.use(router.routes()).use(router.allowedMethods())
  const server = createServer(app.callback())
  const url = await listen(server, { port, bind, variable: 'OPSFLUX_REGISTRY_PORT' }).catch((error: unknown) => {
    renewer.stop()
    throw error
  })
  return {
    url,
    async stop() {
      renewer.stop()
      await closeServer(server)
    },
  }
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
