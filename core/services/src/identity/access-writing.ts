import { sql, type Database, type DatabaseTransaction } from '@opsflux/data'
import { OpsFluxError, type ErrorCode } from '@opsflux/sdk'
import pg from 'pg'

/** What stands in the way of a change when a constraint of the database does. */
export type Refusals = Readonly<Record<string, OpsFluxError>>

export interface AccessParts {
  database: Database
  /** Told the id of the user or tenant whose rights changed. */
  noteChanged(id: string): void
}

/** Who changes companies, roles and memberships. */
export interface TenantActor {
  tenantId: string
  userId: string
}

/** Any number: tells these from other advisory locks. */
const lockSpace = 7_072_010

/**
 * Runs a change of who may what, one at a time in a tenant: so counts stay right, and trees trees.
 * @throws what the constraint that was violated says
 */
export async function writeAccess<T>({ database }: AccessParts, actor: TenantActor, refusals: Refusals, work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T> {
  try {
    return await database.transaction(actor, (transaction) => {
      transaction.queue(sql`select pg_advisory_xact_lock(${sql.raw(String(lockSpace))}, hashtext(${actor.tenantId}))`)
      return work(transaction)
    })
  } catch (error) {
    throw (error instanceof pg.DatabaseError && refusals[error.constraint ?? '']) || error
  }
}

/** A wrong value of a body. */
export function wrong(path: string, code: string, message: string): OpsFluxError {
  return new OpsFluxError('validation-failed', message, { data: { errors: [{ path, code, message }] } })
}

export const refused = (code: ErrorCode, message: string): OpsFluxError => new OpsFluxError(code, message)
