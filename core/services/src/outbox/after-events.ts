import type { HistoryEntry, Json } from '@opsflux/sdk'
import type { OutboxRow } from './outbox-row.ts'

// Taken out of the bin it is a record with another `deletedAt`.
const eventsOf: Record<HistoryEntry['action'], string> = {
  create: 'afterCreate', update: 'afterUpdate', restore: 'afterUpdate', delete: 'afterDelete', purge: 'afterDelete', transition: 'afterTransition',
}

/** The events of one change: of the record first, then of each field with another value. */
export function afterEvents({ action, payload }: Pick<OutboxRow, 'action' | 'payload'>): string[] {
  if (action === 'comment' || action === 'attachment') return []
  return [eventsOf[action], ...Object.keys(payload.changes).map((field) => `afterChange.${field}`)]
}

/** What the hook of an event is given, as `HookHandlers` of the SDK says. */
export function afterPayload(event: string, { position, at, user_id: userId, transition, payload: { changes, record = {}, purged } }: OutboxRow): Json {
  const change = { id: position, at: at.toISOString(), userId, record }
  if (event.startsWith('afterChange.')) return { ...change, ...fromTo(changes[event.slice('afterChange.'.length)]) }
  switch (event) {
    case 'afterUpdate': return { ...change, changes: Object.fromEntries(Object.entries(changes).map(([field, one]) => [field, fromTo(one)])) }
    case 'afterDelete': return { ...change, purged: purged === true }
    case 'afterTransition': return { ...change, transition, ...fromTo(changes['state']) }
    default: return change
  }
}

const fromTo = (change: { from: Json; to: Json } | undefined): { from: Json; to: Json } => ({ from: change?.from ?? null, to: change?.to ?? null })
