import { isDeepStrictEqual } from 'node:util'
import type { ReleaseEntity, Row } from '@opsflux/data'
import type { Json } from '@opsflux/sdk'

/** One change of a record, from the audit trail. */
export interface AuditedChange {
  revision: number
  at: string
  userId: string
  action: string
  changes: { [field: string]: { from: Json; to: Json } }
}

/** Set anew at each revision, so no difference between two. */
const ofEachRevision: ReadonlySet<string> = new Set(['id', 'revision', 'updatedAt', 'updatedBy', 'createdAt', 'createdBy'])
const secret = '[encrypted]'

/**
 * The record as it was at the revision that `at` made.
 * @param current as it is now, with the fields its reader sees
 * @param later every change since, the latest first
 */
export function rebuild(entity: ReleaseEntity, current: Row, at: AuditedChange, later: readonly AuditedChange[]): Row {
  if (later.length === 0) return current
  const record: Row = { ...current, revision: at.revision, updatedAt: at.at, updatedBy: at.userId }
  for (const { changes } of later) {
    for (const [field, { from }] of Object.entries(changes)) if (Object.hasOwn(current, field)) record[field] = from
  }
  if (Object.hasOwn(current, 'deletedAt')) Object.assign(record, at.action === 'delete' ? { deletedAt: at.at, deletedBy: at.userId } : { deletedAt: null, deletedBy: null })
  const isKnown = ([field, value]: [string, Json]): boolean => {
    const { kind, computed } = entity.declaration.fields[field] ?? {}
    return computed === undefined && (kind !== 'encrypted' || value !== secret)
  }
  return Object.fromEntries(Object.entries(record).filter(isKnown))
}

/** The fields two versions differ in. One that either does not tell is none. */
export function differences(from: Row, to: Row): { [field: string]: { from: Json; to: Json } } {
  const fields = Object.keys(from).filter((field) => Object.hasOwn(to, field) && !ofEachRevision.has(field) && !isDeepStrictEqual(from[field], to[field]))
  return Object.fromEntries(fields.map((field) => [field, { from: from[field] ?? null, to: to[field] ?? null }]))
}

/** What an update takes to give a record the values of a version again: its writable fields; the state only changes by transitions. */
export function changesTo(entity: ReleaseEntity, current: Row, version: Row): Row {
  const different = Object.entries(differences(current, version)).filter(([field]) => entity.columns.get(field)?.isWritable === true)
  return Object.fromEntries(different.map(([field, { from, to }]) => [field, field === 'custom' ? customChanges(entity, from, to) : to]))
}

// An update of custom fields leaves alone what it does not name.
function customChanges(entity: ReleaseEntity, from: Json, to: Json): Row {
  const [now, then] = [from as Row, to as Row]
  const names = [...new Set([...Object.keys(now), ...Object.keys(then)])].filter((name) => entity.columns.has(`custom.${name}`) && !isDeepStrictEqual(now[name], then[name]))
  return Object.fromEntries(names.map((name) => [name, then[name] ?? null]))
}
