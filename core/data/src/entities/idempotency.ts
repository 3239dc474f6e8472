import { createHash } from 'node:crypto'
import { OpsFluxError, queryLimits } from '@opsflux/sdk'
import { sql } from '../database/sql.ts'
import { invalidRequest } from './conditions.ts'
import type { EntityRequest, EntityResponse } from './entity-messages.ts'
import type { EntitySession } from './entity-session.ts'

/** Expired answers that one request clears away. */
const cleared = 100
const oldest = sql.raw(`now() - interval '${queryLimits.idempotencyHours} hours'`)

/**
 * Gives the answer of the first request with this key to every later one of the same user, for 24 hours; two at once wait for each other.
 * An error is no answer: whoever was refused may correct the request and use the key again.
 * @throws conflict when the key was used for another request
 */
export async function answerOnce(session: EntitySession, key: string, request: EntityRequest, answer: () => Promise<EntityResponse>): Promise<EntityResponse> {
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) throw invalidRequest(`The header Idempotency-Key takes 1 to ${queryLimits.idempotencyKey} visible ASCII characters.`)
  const { tenantId, userId } = session.actor
  const digest = digestOf(request)
  const known = await session.use(async (transaction) => {
    transaction.queue(sql`select pg_advisory_xact_lock(hashtextextended(${`${tenantId} ${userId} ${key}`}, 4))`)
    const [row] = await transaction.texts(sql`select request_sha256, status, headers, body from opsflux.idempotent_request
      where user_id = ${userId}::uuid and key = ${key} and at > ${oldest}`)
    return row
  })
  if (known) return answeredBefore(known, digest)
  const given = await answer()
  await session.use(async (transaction) => {
    // This key's own answer has expired, if there is one: it must not be in the way.
    transaction.queue(sql`delete from opsflux.idempotent_request where user_id = ${userId}::uuid and key = ${key}`)
    // By one at a time: two that clear away the same rows would wait for each other.
    transaction.queue(sql`delete from opsflux.idempotent_request where (select pg_try_advisory_xact_lock(hashtextextended(${tenantId}, 5))) and (tenant_id, user_id, key) in
      (select tenant_id, user_id, key from opsflux.idempotent_request where at <= ${oldest} limit ${sql.raw(String(cleared))})`)
    transaction.queue(sql`insert into opsflux.idempotent_request (tenant_id, user_id, key, request_sha256, status, headers, body)
      values (${tenantId}::uuid, ${userId}::uuid, ${key}, ${digest}, ${given.status}::integer, ${JSON.stringify(given.headers)}::jsonb, ${given.text ?? null})`)
  })
  return given
}

function answeredBefore([digest, status, headers, text]: readonly (string | null)[], wanted: string): EntityResponse {
  if (digest !== wanted) throw new OpsFluxError('conflict', 'This Idempotency-Key was used for another request. Make a new key for every new request.')
  return { status: Number(status), headers: JSON.parse(headers ?? '{}') as Record<string, string>, ...(text === null || text === undefined ? {} : { text }) }
}

function digestOf({ method, path, query, headers, body }: EntityRequest): string {
  return createHash('sha256').update(JSON.stringify([method, path, query, headers['if-match'] ?? null, body ?? null])).digest('hex')
}
