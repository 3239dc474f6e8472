import { setTimeout as delay } from 'node:timers/promises'
import { isOpsFluxError } from '@opsflux/sdk'
import pg from 'pg'

const longestDelayMs = 2_000

/**
 * Repeats `work`, which must bear being done twice, for as long as the database is out of reach. An operation that has begun
 * must learn how it ended: giving up half-way would leave code and data of different releases.
 * @param stopping ends the waiting; the next start then finds the operation in the journal
 */
export async function untilReachable<T>(stopping: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionLoss(error) || stopping.aborted) throw error
      await delay(Math.min(100 * attempt, longestDelayMs), undefined, { signal: stopping }).catch(() => undefined)
    }
  }
}

const systemCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])

/** Whether an error says that the database was not reached, or not to the end. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // What requests are told of a lost connection.
  if (isOpsFluxError(error)) return error.code === 'not-ready' && isConnectionLoss(error.cause)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // PostgreSQL, Appendix A: class 08 connection exception; 57P01 to 57P03 the server goes down or is coming up.
  if (error instanceof pg.DatabaseError) return /^(08|57P0[123])/.test(code)
  return systemCodes.has(code) || /^(Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded when trying to connect)/.test(error.message)
}
