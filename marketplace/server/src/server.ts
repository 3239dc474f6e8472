import { createServer } from 'node:http'
import { join } from 'node:path'
import Koa, { type Middleware } from 'koa'
import type { Logger } from 'pino'
import { answerProblems, closeServer, listen } from '@opsflux/process'
import { RegistryClient } from '@opsflux/registry-client'
import { isOpsFluxError } from '@opsflux/sdk'
import { Catalogue } from './catalogue.ts'
import { PackageCache } from './package-cache.ts'
import { catalogueRoutes } from './routes.ts'

export interface MarketplaceOptions {
  /** Folder of verified metadata and packages. */
  home: string
  /** 0 takes a free one. */
  port: number
  /** Address to listen on. */
  bind: string
  registryUrl: string
  /** Bytes of the registry's pinned root metadata. */
  root: Buffer
  refreshSeconds: number
  log: Logger
}

export interface Marketplace {
  url: string
  /** Ends after the requests that are being answered. */
  stop(): Promise<void>
}

const registryTimeoutMs = 10_000

/** Serves the catalogue of a registry; while the registry is away, the last one seen. */
export async function startMarketplace({ home, port, bind, registryUrl, root, refreshSeconds, log }: MarketplaceOptions): Promise<Marketplace> {
  const client = new RegistryClient({ url: registryUrl, root, cacheDir: join(home, 'registry'), timeoutMs: registryTimeoutMs })
  const catalogue = new Catalogue(client, new PackageCache(join(home, 'packages'), client), log)
  const follow = follower(catalogue, log)
  if (!await follow()) await catalogue.readKept().catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'there is no catalogue of before'))
  const timer = setInterval(() => { void follow() }, refreshSeconds * 1000).unref()
  const app = new Koa()
  app.on('error', (error: unknown) => log.warn({ err: error }, 'answer failed'))
  const router = catalogueRoutes(catalogue)
  app.use(answerProblems(log)).use(health(catalogue)).use(router.routes()).use(router.allowedMethods())
  const server = createServer(app.callback())
  const url = await listen(server, { port, bind, variable: 'OPSFLUX_MARKETPLACE_PORT' })
  return {
    url,
    async stop() {
      clearInterval(timer)
      await closeServer(server)
    },
  }
}

/** Refreshes and tells whether it worked; a registry that stays away is one line of the log, not one every few seconds. */
function follower(catalogue: Catalogue, log: Logger): () => Promise<boolean> {
  let reason: string | undefined
  return async () => {
    try {
      await catalogue.refresh()
      if (reason !== undefined) log.info('the registry can be used again')
      reason = undefined
      return true
    } catch (error) {
      if (reasonOf(error) !== reason) log.warn({ err: error }, 'the catalogue stays as it was')
      reason = reasonOf(error)
      return false
    }
  }
}

function reasonOf(error: unknown): string {
  return isOpsFluxError(error) ? error.code : String(error)
}

/** `/health/live`: the process answers. `/health/ready`: there is a catalogue to show; 503 otherwise. */
function health(catalogue: Catalogue): Middleware {
  return async (context, next) => {
    if (context.path === '/health/live') context.body = { status: 'live' }
    else if (context.path === '/health/ready') {
      context.status = catalogue.refreshedAt ? 200 : 503
      context.body = { status: catalogue.refreshedAt ? 'ready' : 'registry-never-read' }
    } else return next()
    context.set('cache-control', 'no-store')
  }
}
