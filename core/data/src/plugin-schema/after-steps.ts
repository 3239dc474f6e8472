import { createHash } from 'node:crypto'
import { judgeAfterSteps } from '@opsflux/migrations'
import type pg from 'pg'
import { refused } from './run-migrations.ts'

/** A statement to be run once a change is committed, as a staged change and a restore point hold it. */
export interface AfterStepEntry {
  migration: string
  /** In its file, from 1. */
  position: number
  /** Of the statement, hex. */
  sha256: string
  statement: string
  state: 'pending' | 'done'
  /** Set when a run of it began: it may have left something behind. */
  startedAt?: string | null
}

/** A step that is not done, as screens show it. */
export interface AfterStepState {
  migration: string
  statement: string
  state: 'pending' | 'running' | 'failed'
  problem?: string
  rows?: number
}

/** Judges the files and cuts them into steps. @throws migration-failed */
export async function prepareAfterSteps(files: readonly { id: string; afterSql: string }[], schema: string): Promise<AfterStepEntry[]> {
  const entries: AfterStepEntry[] = []
  for (const { id, afterSql } of files) {
    const { steps, fault } = await judgeAfterSteps(afterSql, schema)
    if (fault) throw refused(id, fault)
    entries.push(...steps.map(({ text }, index) => ({ migration: id, position: index + 1, sha256: createHash('sha256').update(text).digest('hex'), statement: text, state: 'pending' as const })))
  }
  return entries
}

/**
 * Makes the steps part of a staged change, so that they are written down in its transaction. Those that are done stay done;
 * `replaces`: those of a restore point take the place of all there are.
 */
export async function stageAfterSteps(admin: pg.Client, changeId: string, steps: readonly AfterStepEntry[], { replaces }: { replaces: boolean }): Promise<void> {
  await admin.query("update opsflux.staged_change set payload = payload || jsonb_build_object('afterSteps', $2::jsonb) where id = $1", [changeId, JSON.stringify({ replaces, steps })])
}

/** Of these, how many a change would leave to be run. */
export async function countWaiting(admin: pg.Client, pluginId: string, steps: readonly AfterStepEntry[]): Promise<number> {
  const { rows } = await admin.query<{ key: string }>("select migration || ' ' || sha256 as key from opsflux.after_step where plugin_id = $1 and state = 'done'", [pluginId])
  const done = new Set(rows.map(({ key }) => key))
  return steps.filter(({ migration, sha256 }) => !done.has(`${migration} ${sha256}`)).length
}

/** What a restore point keeps of the steps: read before the rows are copied, so that what is done by then is in the copy. */
export async function entriesOf(admin: pg.Client, pluginId: string): Promise<AfterStepEntry[]> {
  const { rows } = await admin.query<AfterStepEntry>(
    `select migration, position, sha256, statement, case state when 'done' then 'done' else 'pending' end as state, started_at as "startedAt"
     from opsflux.after_step where plugin_id = $1 order by migration, position`, [pluginId])
  return rows
}

/** Those of a plugin that are not done, in the order in which they run. */
export async function waitingSteps(admin: pg.Pool, pluginId: string): Promise<AfterStepState[]> {
  const { rows } = await admin.query<{ migration: string; statement: string; state: AfterStepState['state']; problem: string | null; rows: string | null }>(
    `select s.migration, s.statement, s.state, s.problem, s.rows from opsflux.after_step s left join opsflux.plugin_migration m on m.plugin_id = s.plugin_id and m.id = s.migration
     where s.plugin_id = $1 and s.state <> 'done' order by m.position, s.position`, [pluginId])
  return rows.map(({ problem, rows: touched, ...step }) => ({ ...step, ...(problem === null ? {} : { problem }), ...(touched === null ? {} : { rows: Number(touched) }) }))
}
