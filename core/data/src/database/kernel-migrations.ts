import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'

/** One step of the platform's own tables, run once by the administrator's role. Its text may never change afterwards. */
export interface KernelMigration {
  /** `0001-platform`; unique, and applied in the order of the array. */
  id: string
  sql: string
}

/** Tables of the module manager; first of all kernel migrations. */
export function platformMigrations(): KernelMigration[] {
  return ['0001-platform', '0002-grants', '0003-records', '0004-after-steps', '0005-custom-values', '0006-forced-tenants'].map((id) => ({ id, sql: readFileSync(new URL(`./migrations/${id}.sql`, import.meta.url), 'utf8') }))
}

/** Any number; taken for the length of a run so that hosts that start together do not migrate together. */
const migrationLock = 7_072_001

/**
 * Applies what is not yet applied, each in its own transaction.
 * @throws migration-failed; also when an applied migration differs from the one given
 */
export async function runKernelMigrations(admin: pg.Pool, migrations: readonly KernelMigration[]): Promise<void> {
  const client = await admin.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    try {
      await apply(client, migrations)
    } finally {
      await client.query('select pg_advisory_unlock($1)', [migrationLock])
    }
  } finally {
    client.release()
  }
}

async function apply(client: pg.PoolClient, migrations: readonly KernelMigration[]): Promise<void> {
  const applied = await appliedMigrations(client)
  for (const { id, sql } of migrations) {
    const sha256 = createHash('sha256').update(sql).digest('hex')
    const before = applied.get(id)
    if (before === sha256) continue
    if (before !== undefined) {
      throw new OpsFluxError('migration-failed', `Platform migration ${id} differs from the one this database was made with. Start the release of OpsFlux that made it, or a later one.`, { data: { migration: id } })
    }
    await applyOne(client, id, sql, sha256)
  }
}

async function appliedMigrations(client: pg.PoolClient): Promise<Map<string, string>> {
  const { rows: [found] } = await client.query<{ made: boolean }>("select to_regclass('opsflux.kernel_migration') is not null as made")
  if (found?.made !== true) {
    await client.query('create schema if not exists opsflux')
    await client.query('create table opsflux.kernel_migration (id text primary key, sha256 text not null, applied_at timestamptz not null default now())')
    return new Map()
  }
  const { rows } = await client.query<{ id: string; sha256: string }>('select id, sha256 from opsflux.kernel_migration')
  return new Map(rows.map((row) => [row.id, row.sha256]))
}

async function applyOne(client: pg.PoolClient, id: string, sql: string, sha256: string): Promise<void> {
  await client.query('begin')
  try {
    await client.query(sql)
    await client.query('insert into opsflux.kernel_migration (id, sha256) values ($1, $2)', [id, sha256])
    await client.query('commit')
  } catch (cause) {
    await client.query('rollback')
    throw new OpsFluxError('migration-failed', `Platform migration ${id} failed: ${cause instanceof Error ? cause.message : String(cause)}. Nothing was changed by it.`, { data: { migration: id }, cause })
  }
}
