import type { Row } from '@opsflux/data'
import { liveChannel } from '../live/index.ts'
import type { Lease, OutboxConnection } from './outbox-connection.ts'
import { rowColumns, type OutboxRow } from './outbox-row.ts'

/** Rows looked at together. */
export const batchSize = 100

const isDue = '(next_attempt_at is null or next_attempt_at <= now())'

/** Plugins with something to do. */
export async function pluginsWaiting(connection: OutboxConnection): Promise<string[]> {
  const rows = await connection.query<{ plugin_id: string }>(`select distinct plugin_id from opsflux.outbox where parked_at is null and ${isDue}`)
  return rows.map((row) => row.plugin_id)
}

/** Nobody is left to tell what became of the records of a module that is uninstalled; and what was given up is kept for 30 days. */
export async function sweepOutbox(connection: OutboxConnection): Promise<void> {
  await connection.query("delete from opsflux.outbox where parked_at < now() - interval '30 days' or not exists (select from opsflux.installation where installation.plugin_id = outbox.plugin_id)")
}

export function untoldRows(lease: Lease, pluginId: string): Promise<OutboxRow[]> {
  return lease.query(`select ${rowColumns} from opsflux.outbox where plugin_id = $1 and told_at is null order by position limit ${batchSize}`, [pluginId])
}

/** Everything that changed these records since the first of the positions, latest first. */
export function rowsSince(lease: Lease, pluginId: string, recordIds: readonly string[], position: string): Promise<OutboxRow[]> {
  return lease.query(`select ${rowColumns} from opsflux.outbox where plugin_id = $1 and record_id = any($2::uuid[]) and position >= $3::bigint order by position desc`, [pluginId, recordIds, position])
}

export interface Told {
  /** Rows that hooks wait for, with the record as the change left it. */
  kept: { position: string; record: Row }[]
  /** Positions of those that nobody waits for. */
  dropped: string[]
  /** For the other hosts and this one. */
  messages: string[]
}

/** All of it or nothing: a page is told of a change as surely as a hook. */
export async function settle(lease: Lease, { kept, dropped, messages }: Told): Promise<void> {
  await lease.query(
    `with kept as (update opsflux.outbox set told_at = now(), payload = payload || jsonb_build_object('record', given.record)
       from unnest($1::bigint[], $2::jsonb[]) as given (position, record) where outbox.position = given.position),
     dropped as (delete from opsflux.outbox where position = any($3::bigint[]))
     select pg_notify('${liveChannel}', message) from unnest($4::text[]) as message`,
    [kept.map(({ position }) => position), kept.map(({ record }) => JSON.stringify(record)), dropped, messages])
}

/** The first change of each record whose time has come, without those of records that are at work. */
export function dueRows(lease: Lease, pluginId: string, busyRecords: readonly string[], limit: number): Promise<OutboxRow[]> {
  return lease.query(
    `select ${rowColumns} from opsflux.outbox as due where plugin_id = $1 and told_at is not null and parked_at is null and ${isDue} and record_id <> all($2::uuid[])
       and not exists (select from opsflux.outbox as earlier where earlier.plugin_id = due.plugin_id and earlier.record_id = due.record_id and earlier.position < due.position
         and earlier.told_at is not null and earlier.parked_at is null)
     order by position limit $3`, [pluginId, busyRecords, limit])
}

export async function removeRow(lease: Lease, { position }: OutboxRow): Promise<void> {
  await lease.query('delete from opsflux.outbox where position = $1::bigint', [position])
}

/** @param retryInMs undefined: it is given up */
export async function noteFailure(lease: Lease, { position }: OutboxRow, failure: { problem: string; done: readonly string[]; retryInMs: number | undefined }): Promise<void> {
  // A text of PostgreSQL cannot hold NUL, and the message is the plugin's.
  const problem = failure.problem.replaceAll('\0', '')
  await lease.query(
    `update opsflux.outbox set attempts = attempts + 1, problem = $2, done = $3::text[],
       next_attempt_at = now() + make_interval(secs => $4::double precision / 1000), parked_at = case when $4::double precision is null then now() end
     where position = $1::bigint`, [position, problem, failure.done, failure.retryInMs ?? null])
}
