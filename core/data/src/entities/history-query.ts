import { queryLimits, type HistoryEntry, type Page } from '@opsflux/sdk'
import type { DatabaseTransaction } from '../database/index.ts'
import type { TextRow } from '../database/batch.ts'
import { sql } from '../database/sql.ts'
import { invalidRequest } from './conditions.ts'
import type { FieldChanges } from './change-log.ts'
import type { ReleaseEntity } from './release-entities.ts'

/** The changes of one record, the latest first; what the reader may not see of it is left out. */
export async function selectHistory(transaction: DatabaseTransaction, entity: ReleaseEntity, id: string, query: { limit?: number; after?: string }): Promise<Page<HistoryEntry>> {
  const { limit = queryLimits.defaultLimit, after } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > queryLimits.limit) throw invalidRequest(`"limit" takes a whole number from 1 to ${queryLimits.limit}.`)
  if (after !== undefined && !/^\d{1,9}$/.test(after)) throw invalidRequest('"after" is not a cursor of this history.')
  const rows = await transaction.texts(sql`
    select id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), action, revision, user_id, array_to_json(hooks), transition, changes from opsflux.audit_entry
    where plugin_id = ${entity.pluginId} and entity = ${entity.name} and record_id = ${id}::uuid and action <> 'refused' ${after === undefined ? sql`` : sql`and revision < ${after}::integer`}
    order by revision desc limit ${sql.raw(String(limit + 1))}`)
  const data = rows.slice(0, limit).map((row) => entryOf(entity, row))
  return { data, next: rows.length > limit ? String(data.at(-1)?.revision) : null }
}

function entryOf(entity: ReleaseEntity, [id, at, action, revision, userId, hooks, transition, changes]: TextRow): HistoryEntry {
  const seen = Object.entries(JSON.parse(changes ?? '{}') as FieldChanges).filter(([field]) => entity.columns.has(field))
  return {
    id: id ?? '', at: at ?? '', action: action as HistoryEntry['action'], revision: Number(revision), userId: userId ?? '', hooks: JSON.parse(hooks ?? '[]') as string[],
    ...(transition === null || transition === undefined ? {} : { transition }), changes: Object.fromEntries(seen),
  }
}
