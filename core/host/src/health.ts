import type { Middleware } from 'koa'
import type { Database } from '@opsflux/data'

export interface Health {
  /** False while starting and while stopping. */
  isServing: boolean
}

/** `/health/live`: the process answers. `/health/ready`: it serves and its database answers; 503 otherwise. */
export function healthRoutes(health: Health, database: Database): Middleware {
  return async (context, next) => {
    if (context.path === '/health/live') context.body = { status: 'live' }
    else if (context.path === '/health/ready') {
      const isReady = health.isServing && (await answers(database))
      context.status = isReady ? 200 : 503
      context.body = { status: isReady ? 'ready' : health.isServing ? 'database-unreachable' : 'not-serving' }
    } else return next()
    context.set('cache-control', 'no-store')
  }
}

async function answers(database: Database): Promise<boolean> {
  const late = new Promise<false>((resolve) => { setTimeout(resolve, 2_000, false).unref() })
  return Promise.race([late, database.app.query('select 1').then(() => true, () => false)])
}
