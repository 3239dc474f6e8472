import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** A step taken up: what is written of it counts only while this run of it is the last. */
export interface TakenStep {
  run: string
  pluginId: string
  migration: string
  sha256: string
  statement: string
  /** Runs that began before. */
  attempts: number
  wasStarted: boolean
}

/** The first step of each plugin that is not done. It is due while the plugin's release serves and nothing else is being done to it. */
const due = `
  select s.* from (
    select distinct on (s.plugin_id) s.* from opsflux.after_step s join opsflux.plugin_migration m on m.plugin_id = s.plugin_id and m.id = s.migration
    where s.state <> 'done' and ($1::text is null or s.plugin_id = $1) order by s.plugin_id, m.position, s.position) s
  where s.state <> 'failed' and coalesce(s.next_attempt_at, '-infinity') <= now()
    and exists (select from opsflux.installation i where i.plugin_id = s.plugin_id and i.state = 'active')
    and not exists (select from opsflux.operation o where o.plugin_id = s.plugin_id and o.state = 'running')`

/** The steps of all plugins as the database holds them. Who writes about one must have the plugin's lock. */
export class AfterQueue {
  readonly #admin: pg.Pool

  constructor(admin: pg.Pool) {
    this.#admin = admin
  }

  async pluginsDue(): Promise<string[]> {
    const { rows } = await this.#admin.query<{ plugin_id: string }>(`select plugin_id from (${due}) due order by next_attempt_at nulls first, plugin_id`, [null])
    return rows.map((row) => row.plugin_id)
  }

  /** Takes up the plugin's next step, whoever had begun it. */
  async take(pluginId: string): Promise<TakenStep | undefined> {
    const run = randomUUID()
    const { rows: [row] } = await this.#admin.query<{ migration: string; sha256: string; statement: string; attempts: number; started: boolean }>(
      `with due as (${due})
       update opsflux.after_step s set state = 'running', run = $2, attempts = s.attempts + 1, started_at = coalesce(s.started_at, now()), problem = null, next_attempt_at = null
       from due where s.plugin_id = due.plugin_id and s.migration = due.migration and s.sha256 = due.sha256
       returning s.migration, s.sha256, s.statement, due.attempts, due.started_at is not null as started`, [pluginId, run])
    return row && { run, pluginId, migration: row.migration, sha256: row.sha256, statement: row.statement, attempts: row.attempts, wasStarted: row.started }
  }

  async addRows(step: TakenStep, rows: number): Promise<void> {
    await this.#write(step, 'rows = coalesce(rows, 0) + $5', rows)
  }

  async finish(step: TakenStep): Promise<void> {
    await this.#write(step, "state = 'done', ended_at = now(), problem = $5", null)
  }

  /** It was ended from outside, which is no fault of its own: it goes on when its turn comes. */
  async giveBack(step: TakenStep): Promise<void> {
    await this.#write(step, "state = 'pending', attempts = $5", step.attempts)
  }

  /** @param leavesNothing PostgreSQL said that it did nothing: the next run does not look for what this one may have done */
  async postpone(step: TakenStep, problem: string, { seconds, leavesNothing }: { seconds: number; leavesNothing: boolean }): Promise<void> {
    await this.#write(step, `state = 'pending', problem = $5, next_attempt_at = now() + make_interval(secs => $6)${leavesNothing ? ', started_at = null' : ''}`, problem, seconds)
  }

  async fail(step: TakenStep, problem: string, { leavesNothing }: { leavesNothing: boolean }): Promise<void> {
    await this.#write(step, `state = 'failed', ended_at = now(), problem = $5${leavesNothing ? ', started_at = null' : ''}`, problem)
  }

  /** What has failed, or waits to be tried again, is due now. Answers whether there was any. */
  async retry(pluginId: string): Promise<boolean> {
    const { rowCount } = await this.#admin.query(
      "update opsflux.after_step set state = 'pending', attempts = 0, next_attempt_at = null, ended_at = null where plugin_id = $1 and (state = 'failed' or state = 'pending' and next_attempt_at is not null)", [pluginId])
    return (rowCount ?? 0) > 0
  }

  async #write({ pluginId, migration, sha256, run }: TakenStep, assignment: string, ...values: unknown[]): Promise<void> {
    await this.#admin.query(`update opsflux.after_step set ${assignment} where plugin_id = $1 and migration = $2 and sha256 = $3 and run = $4`, [pluginId, migration, sha256, run, ...values])
  }
}
