import { OpsFluxError } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import { binCondition } from './list-query.ts'
import type { Row, Seen } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { selectionOf } from './selection.ts'
import { StoredRecord } from './stored-record.ts'
import { isUuid } from './uuid.ts'
import type { Writing } from './writing.ts'

export interface LockWanted {
  action: string
  seen: Seen
  /** In the bin. */
  deleted?: boolean
  /** A condition whose truth is answered with the record. */
  guard?: Sql
}

/** Reads the record whole and keeps others from changing it until the transaction ends. @throws not-found, forbidden, stale-record */
export async function lockRecord(writing: Writing, entity: ReleaseEntity, id: string, { action, seen, deleted, guard }: LockWanted): Promise<{ stored: StoredRecord; record: Row; isGuardMet: boolean }> {
  writing.ability.require(action, entity)
  const visible = writing.ability.condition('view', entity)
  if (typeof id !== 'string' || !isUuid(id)) throw notFound(entity)
  const selection = selectionOf(entity)
  const bin = binCondition(entity, deleted).map((condition) => sql` and ${condition}`)
  const [row] = await writing.transaction.texts(sql`select ${selection.sql}, ${guard ?? sql`true`} from ${entity.table} as record
    where record.id = ${id}::uuid and ${visible}${sql.join(bin, '')} for update`)
  if (!row) throw notFound(entity)
  const stored = new StoredRecord(selection.columns, row.slice(0, -1))
  const record = stored.record()
  writing.ability.requireWith(action, entity, record)
  if (seen.revision !== undefined && seen.revision !== stored.revision) throw stale(entity, stored.revision)
  return { stored, record, isGuardMet: row.at(-1) === 't' }
}

export function notFound(entity: ReleaseEntity): OpsFluxError {
  return new OpsFluxError('not-found', `There is no such ${entity.name}, or you may not see it.`)
}

export function stale(entity: ReleaseEntity, revision: number): OpsFluxError {
  return new OpsFluxError('stale-record', `This ${entity.name} has changed since you read it. Read it again and repeat your change.`, { data: { revision } })
}
