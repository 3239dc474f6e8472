import { setTimeout as delay } from 'node:timers/promises'
import { OpsFluxError } from '@opsflux/sdk'
import type pg from 'pg'
import { BoundedClient } from '../database/bounded-client.ts'
import { closeGate } from '../database/plugin-gate.ts'
import { hasSqlState, quoteIdentifier } from '../database/roles.ts'
import { schemaOf } from './names.ts'

/**
 * A connection of a plugin's owner role for one piece of work, closed after it: a role that was only taken on by
 * `set role` could be given back by the plugin's SQL.
 * @param settings of the session that differ from the usual, as SQL
 */
export async function asOwner<T>(url: string, schema: string, work: (client: pg.Client) => Promise<T>, settings: Readonly<Record<string, string>> = {}): Promise<T> {
  const client = BoundedClient.forOwner({
    connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'opsflux-owner', lock_timeout: 5000, statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 120_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(sessionSettings(schema, settings))
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Whatever the server, the database or the role says otherwise. Statements were read with `standard_conforming_strings` on: where it
 * is off, a backslash hides the end of a string, and what was judged is not what runs.
 */
function sessionSettings(schema: string, own: Readonly<Record<string, string>>): string {
  // pg_temp last: otherwise a temporary table would be found before the plugin's own.
  const settings = {
    search_path: `${quoteIdentifier(schema)}, pg_temp`, standard_conforming_strings: 'on', client_encoding: "'UTF8'", timezone: "'UTC'", row_security: 'on',
    lock_timeout: "'5s'", statement_timeout: "'60s'", idle_in_transaction_session_timeout: "'120s'", client_connection_check_interval: "'5s'",
    default_tablespace: "''", default_table_access_method: "'heap'", default_transaction_read_only: 'off', ...own,
  }
  return Object.entries(settings).map(([name, value]) => `set ${name} = ${value}`).join('; ')
}

/** Runs `work` in a transaction that holds every table of the schema for itself, and commits. */
export async function inLockedTransaction<T>(client: pg.Client, pluginId: string, work: () => Promise<T>): Promise<T> {
  await beginLocked(client, pluginId)
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** Same, and takes everything back. */
export async function inDiscardedTransaction<T>(client: pg.Client, pluginId: string, work: () => Promise<T>): Promise<T> {
  await beginLocked(client, pluginId)
  try {
    return await work()
  } finally {
    await client.query('rollback').catch(() => undefined)
  }
}

const lockAttempts = 20

// A migration of many statements, each within its time, would hold the module for days. PostgreSQL has this since 17.
const limitWhole = "select set_config(name, '15min', true) from pg_settings where name = 'transaction_timeout'"

async function beginLocked(client: pg.Client, pluginId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await client.query("begin; set local lock_timeout = '3s'")
    try {
      await client.query(closeGate, [pluginId])
      await lockTables(client, schemaOf(pluginId))
      await client.query("set local lock_timeout = '5s'")
      await client.query(limitWhole)
      return
    } catch (error) {
      await client.query('rollback')
      if (!hasSqlState(error, '57014', '55P03', '40P01', '42P01')) throw error
      if (attempt === lockAttempts) {
        throw new OpsFluxError('migration-failed', 'The tables of the module are in use without a pause, so nothing was changed. Try again when fewer people work with it.', { cause: error })
      }
      await delay(20 * attempt + Math.random() * 50)
    }
  }
}

// For transactions that did not pass the gate: all tables at once and within less than PostgreSQL's deadlock_timeout (1 s).
// If such a transaction holds one table and waits for another, we give up and ask again, and it goes on.
async function lockTables(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'p') order by relname", [quoteIdentifier(schema)])
  if (rows.length === 0) return
  const tables = rows.map((row) => `${quoteIdentifier(schema)}.${quoteIdentifier(row.name)}`).join(', ')
  await client.query(`set local statement_timeout = '700ms'; lock table ${tables} in access exclusive mode`)
  await client.query("set local statement_timeout = '60s'")
}
