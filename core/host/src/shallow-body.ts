import type { Middleware } from 'koa'
import { OpsFluxError } from '@opsflux/sdk'

// Far above what people and forms send, far below where JSON.stringify and validators overflow the stack (about 5,000).
const maxDepth = 100

/** Refuses a JSON body nested too deep for what reads it next. */
export function shallowBody(): Middleware {
  return async (context, next) => {
    if (!isWithin((context.request as { body?: unknown }).body, maxDepth)) throw new OpsFluxError('invalid-request', `The request body is nested more than ${maxDepth} levels deep.`)
    await next()
  }
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((inner) => isWithin(inner, depth - 1))
}
