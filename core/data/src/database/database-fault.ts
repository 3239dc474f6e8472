import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import { hasSqlState } from './roles.ts'

// Of the socket below node-postgres.
const networkCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])
// Of node-postgres itself, which gives them no code. Exact version pinned.
const connectionMessages = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|timeout expired)/
/** Shutting down, starting up, killed; connection broken, taken back or not to be had (PostgreSQL, appendix A). */
const lostStates = ['57P01', '57P02', '57P03', '57P05', '25P03', '53300', '08000', '08001', '08003', '08004', '08006']

const socketCalls: ReadonlySet<unknown> = new Set(['connect', 'read', 'write', 'getaddrinfo'])
const isOfSocket = (error: Error): boolean => 'syscall' in error && 'code' in error && socketCalls.has(error.syscall) && networkCodes.has(error.code)

const isLost = (error: unknown): boolean => hasSqlState(error, ...lostStates) || (error instanceof Error && (connectionMessages.test(error.message) || isOfSocket(error)))

/** What it means to a caller that the database did not do its part: `not-ready`. Any other error is answered as it is. */
export function databaseFault(error: unknown): unknown {
  if (isOpsFluxError(error)) return error
  if (isLost(error)) {
    return new OpsFluxError('not-ready', 'The database does not answer at the moment. Try again shortly; whether a change that was under way was kept is seen by reading, or by repeating it with the same Idempotency-Key.', { cause: error })
  }
  if (hasSqlState(error, '57014')) return new OpsFluxError('not-ready', 'The database took too long over this and gave up. Ask for less, or try again later.', { cause: error })
  if (hasSqlState(error, '53100', '53200')) return new OpsFluxError('not-ready', 'The database has no room left, and nothing was changed. Tell whoever runs the platform.', { cause: error })
  return error
}
