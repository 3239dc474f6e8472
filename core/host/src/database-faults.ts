import type { Middleware } from 'koa'
import { databaseFault } from '@opsflux/data'

/** A request that the database could not serve is answered 503, whichever statement it was. */
export function databaseFaults(): Middleware {
  return async (_, next) => {
    try {
      await next()
    } catch (error) {
      throw databaseFault(error)
    }
  }
}
