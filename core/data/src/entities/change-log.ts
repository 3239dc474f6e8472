import type { HistoryEntry, Json } from '@opsflux/sdk'
import { sql, type Sql } from '../database/sql.ts'
import type { Column } from './columns.ts'
import { customAsStored } from './custom-entity.ts'
import type { Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import { uuidV7 } from './uuid.ts'
import type { Values, Writing } from './writing.ts'

export interface Change {
  action: HistoryEntry['action']
  id: string
  /** Of the record after the change. */
  revision: number
  transition?: string
  changes: FieldChanges
  /** Plugins whose hooks took part. */
  hooks?: readonly string[]
  /** A deletion: the record as it was. */
  record?: Row
  purged?: boolean
}
export type FieldChanges = { [field: string]: { from: Json; to: Json; hook?: string } }

/** One statement that writes the change down and puts it in the outbox: both or neither, with the change itself. */
export function logStatement(writing: Writing, entity: ReleaseEntity, change: Change): Sql {
  const { actor, now } = writing
  writing.noteChange(entity.pluginId)
  const payload = JSON.stringify({ changes: change.changes, ...(change.record ? { record: told(entity, change.record) } : {}), ...(change.purged ? { purged: true } : {}), ...(writing.chain > 0 ? { chain: writing.chain } : {}) })
  const outbox = sql`insert into opsflux.outbox (tenant_id, plugin_id, entity, record_id, action, revision, user_id, at, transition, payload)
    values (${actor.tenantId}::uuid, ${entity.pluginId}, ${entity.name}, ${change.id}::uuid, ${change.action}, ${change.revision}::integer, ${actor.userId}::uuid, ${now}::timestamptz, ${change.transition ?? null}, ${payload}::jsonb)`
  if (!entity.features.audit) return outbox
  return sql`with audited as (insert into opsflux.audit_entry (id, tenant_id, at, plugin_id, entity, record_id, action, revision, user_id, transition, hooks, changes)
    values (${uuidV7()}::uuid, ${actor.tenantId}::uuid, ${now}::timestamptz, ${entity.pluginId}, ${entity.name}, ${change.id}::uuid, ${change.action}, ${change.revision}::integer, ${actor.userId}::uuid,
      ${change.transition ?? null}, ${change.hooks ?? []}::text[], ${JSON.stringify(change.changes)}::jsonb)) ${outbox}`
}

/** What a write gives other values, with the plugin whose hook did. Encrypted values are not told. */
export function changesOf(entity: ReleaseEntity, before: Row | undefined, values: Values, changedBy: Readonly<Record<string, string>>): FieldChanges {
  const changes: FieldChanges = {}
  for (const [field, value] of Object.entries(values)) {
    const column = entity.columns.get(field)
    const was = before?.[field] ?? null
    const is = field === 'custom' ? { ...(was as Row | null), ...customAsStored(entity, value) } : value
    if (!column || isSame(column, was, is)) continue
    const hook = changedBy[field]
    changes[field] = { from: shown(column, was), to: shown(column, is), ...(hook === undefined ? {} : { hook }) }
  }
  return changes
}

/** A record as others may be told of it. */
const told = (entity: ReleaseEntity, record: Row): Row => Object.fromEntries(Object.entries(record).map(([field, value]) => [field, shown(entity.columns.get(field), value)]))

const shown = (column: Column | undefined, value: Json): Json => (column?.kind === 'encrypted' && value !== null ? '[encrypted]' : value)

/** Whether two valid values are stored alike. */
function isSame(column: Column, a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'string' || typeof b !== 'string') return canonical(a) === canonical(b)
  if (column.kind === 'datetime') return Math.trunc(Date.parse(a)) === Math.trunc(Date.parse(b))
  return column.kind === 'decimal' && bare(a) === bare(b)
}

const bare = (decimal: string): string => (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal).replace(/^-0$/, '0')

// PostgreSQL gives the keys of jsonb in an order of its own.
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'object' && one !== null && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one))
}
