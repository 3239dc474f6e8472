import { isOpsFluxError, OpsFluxError, type Problem } from '@opsflux/sdk'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'

/** The one place where an error becomes an answer. Unknown errors say nothing to the client and everything to the log. */
export function answerProblems(log: Logger): Middleware {
  return async (context, next) => {
    try {
      await next()
      if (context.status === 404 && context.body === undefined) throw new OpsFluxError('not-found', `There is nothing at ${context.path}.`)
    } catch (error) {
      const problem = toProblem(error)
      // A sender that went away in the middle of its upload is no fault of ours.
      if (problem.status >= 500 && !context.req.errored) log.error({ err: error, method: context.method, path: context.path, code: problem.code }, 'request failed')
      context.status = problem.status
      context.body = JSON.stringify(problem)
      context.type = 'application/problem+json'
      // What is left of a refused upload is read away, else its sender cannot read the answer.
      context.req.resume()
    }
  }
}

/** RFC 9457 problem details of any error. */
export function toProblem(error: unknown): Problem {
  if (isOpsFluxError(error)) return new OpsFluxError(error.code, error.message, { data: error.data ?? {} }).toProblem()
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (status === 413) return new OpsFluxError('payload-too-large', 'The request is larger than this address accepts.').toProblem()
  if (status === 400) return new OpsFluxError('invalid-request', 'The request body is not valid JSON.').toProblem()
  if (status === 415) return new OpsFluxError('invalid-request', 'The encoding or character set of the request body is not known here. Send JSON in UTF-8.').toProblem()
  return new OpsFluxError('internal', 'Something went wrong on the server. It was logged; try again, or tell whoever runs it.').toProblem()
}
