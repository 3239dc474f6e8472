import type { Row } from '@opsflux/data'
import type { HistoryEntry, Json } from '@opsflux/sdk'

/** One committed change that is still to be told. */
export interface OutboxRow {
  /** A bigint: the changes of one record are in its order. */
  position: string
  tenant_id: string
  entity: string
  record_id: string
  /** `comment` and `attachment`: only open pages are told. */
  action: HistoryEntry['action'] | 'comment' | 'attachment'
  /** Of the record after the change. */
  revision: number
  user_id: string
  at: Date
  transition: string | null
  payload: OutboxPayload
  attempts: number
  /** Hooks that have run, as `<plugin>:<event>`. */
  done: string[]
}

export interface OutboxPayload {
  changes: { [field: string]: { from: Json; to: Json } }
  /** Of a deletion: as it was. Of others, once they were told: as they left it. */
  record?: Row
  purged?: boolean
  /** After-hooks that led to it, one from the other. Absent for what a user did. */
  chain?: number
}

export const rowColumns = 'position, tenant_id, entity, record_id, action, revision, user_id, at, transition, payload, attempts, done'
