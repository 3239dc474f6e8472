import type { ReleaseEntity, Row } from '@opsflux/data'
import type { OutboxRow } from './outbox-row.ts'

// What the log of changes holds instead of the values of `encrypted` fields.
const sealed = '[encrypted]'

/**
 * The record as one change left it: what it is now, or was when it was deleted, with everything that came after taken back.
 * @param since all its changes from that one on, the latest first
 * @returns undefined when neither is there: nothing knows any more what it was
 */
export function recordAfter(row: OutboxRow, now: Row | undefined, since: readonly OutboxRow[]): Row | undefined {
  if (isDeletion(row)) return row.payload.record
  const deletion = since.find((one) => isDeletion(one) && Number(one.position) > Number(row.position))
  const last = [now, deletion?.payload.record].filter((record) => record !== undefined).toSorted((a, b) => revisionOf(b) - revisionOf(a))[0]
  if (!last || revisionOf(last) < row.revision) return undefined
  const record = { ...last, revision: row.revision, updatedAt: row.at.toISOString(), updatedBy: row.user_id }
  for (const later of since) {
    if (later.revision <= row.revision || later.revision > revisionOf(last) || isDeletion(later)) continue
    for (const [field, { from }] of Object.entries(later.payload.changes)) Object.assign(record, { [field]: from })
  }
  return record
}

/** Encrypted values are kept nowhere else: a hook that needs one reads it. */
export function withoutSealed({ columns }: Pick<ReleaseEntity, 'columns'>, record: Row): Row {
  return Object.fromEntries(Object.entries(record).map(([field, value]) => [field, columns.get(field)?.kind === 'encrypted' && value !== null ? sealed : value]))
}

export const isDeletion = ({ action }: Pick<OutboxRow, 'action'>): boolean => action === 'delete' || action === 'purge'

const revisionOf = (record: Row): number => Number(record['revision'])
