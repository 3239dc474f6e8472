import type pg from 'pg'
import type { HistoryEntry, ParkedChange, ParkedChanges as Parked } from '@opsflux/sdk'

/** The records of one module and one organisation. */
export interface ParkedOf {
  pluginId: string
  tenantId: string
}

interface ParkedRow {
  entity: string
  record_id: string
  action: HistoryEntry['action']
  problem: string | null
  parked_at: Date
  count: number
}

const shown = 20

/** Changes that an after-hook did not take in: given up after as many attempts as a change has, and waiting for somebody to decide. */
export class ParkedChanges {
  readonly #admin: pg.Pool

  /** @param admin the outbox is of all tenants: every statement here names one */
  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  /** The latest 20, latest first, and how many there are. Undefined when there are none. */
  async of({ pluginId, tenantId }: ParkedOf): Promise<Parked | undefined> {
    const { rows } = await this.#admin.query<ParkedRow>(
      `select entity, record_id, action, problem, parked_at, count(*) over ()::integer as count from opsflux.outbox
       where plugin_id = $1 and tenant_id = $2 and parked_at is not null order by parked_at desc, position desc limit ${shown}`, [pluginId, tenantId])
    return rows[0] && { count: rows[0].count, latest: rows.map(toParkedChange) }
  }

  /** They are due now and have all their attempts again; hooks that have run are not run again. Answers how many. */
  async retry(of: ParkedOf, until: Date): Promise<number> {
    const { rows: [row] } = await this.#admin.query<{ count: number }>(
      `with due as (update opsflux.outbox set parked_at = null, next_attempt_at = null, attempts = 0 where ${untilThen} returning position),
       told as (select pg_notify('opsflux_outbox', $1) where exists (select from due))
       select (select count(*) from due)::integer as count, (select count(*) from told) as told`, [of.pluginId, of.tenantId, until])
    return row?.count ?? 0
  }

  /** Their hooks are never told of them. Answers how many. */
  async forget(of: ParkedOf, until: Date): Promise<number> {
    const { rowCount } = await this.#admin.query(`delete from opsflux.outbox where ${untilThen}`, [of.pluginId, of.tenantId, until])
    return rowCount ?? 0
  }
}

// What was given up since nobody has seen. Times in JSON end at milliseconds.
const untilThen = "plugin_id = $1 and tenant_id = $2 and date_trunc('milliseconds', parked_at) <= $3::timestamptz"

function toParkedChange({ entity, record_id: recordId, action, problem, parked_at: since }: ParkedRow): ParkedChange {
  const [, plugin, said] = /^([a-z][a-z0-9-]*):\S+: (.*)$/s.exec(problem ?? '') ?? []
  return { entity, recordId, action, ...(plugin === undefined ? {} : { plugin }), problem: said ?? problem ?? '', since: since.toISOString() }
}
