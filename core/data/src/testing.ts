import { createHash, randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { openDatabase } from './database/database.ts'
import type { Database } from './database/database.ts'
import { platformMigrations } from './database/kernel-migrations.ts'
import type { KernelMigration } from './database/kernel-migrations.ts'
import { hasSqlState, quoteIdentifier } from './database/roles.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a superuser on the cluster of this test run. */
    postgresUrl: string
  }
}

export interface TestDatabaseOptions {
  /** As for `openDatabase`. */
  kernelMigrations?: readonly KernelMigration[]
}

export interface TestDatabase extends AsyncDisposable {
  database: Database
  adminUrl: string
  secret: string
  /** Closes its connections and drops it. */
  close(): Promise<void>
}

// Roles are shared by all databases of the cluster, so all of them must agree on the passwords.
const secret = 'secret of the tests'

/** A fresh database with the kernel's tables, cloned from a template in about 20 ms. One per test file is usual. */
export async function testDatabase({ kernelMigrations = [] }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const clusterUrl = inject('postgresUrl')
  const name = `test_${randomBytes(8).toString('hex')}`
  await onCluster(clusterUrl, async (client) => {
    const template = await ensureTemplate(client, clusterUrl, kernelMigrations)
    // Safe because nothing is ever written to a template; `wal_log` takes three times as long.
    await client.query(`create database ${name} template ${quoteIdentifier(template)} strategy file_copy`)
  })
  const adminUrl = databaseUrl(clusterUrl, name)
  const database = await openDatabase({ adminUrl, secret, kernelMigrations, maxConnections: 5 })
  const close = async (): Promise<void> => {
    await database.close()
    await onCluster(clusterUrl, (client) => client.query(`drop database if exists ${name} with (force)`))
  }
  return { database, adminUrl, secret, close, [Symbol.asyncDispose]: close }
}

async function ensureTemplate(client: pg.Client, clusterUrl: string, kernelMigrations: readonly KernelMigration[]): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify([...platformMigrations(), ...kernelMigrations])).digest('hex')
  const template = `template_${digest.slice(0, 16)}`
  await client.query('select pg_advisory_lock(hashtext($1))', [template])
  try {
    const found = await client.query('select from pg_database where datname = $1', [template])
    if (found.rowCount === 0) await makeTemplate(client, clusterUrl, template, kernelMigrations)
  } finally {
    await client.query('select pg_advisory_unlock(hashtext($1))', [template])
  }
  return template
}

async function makeTemplate(client: pg.Client, clusterUrl: string, template: string, kernelMigrations: readonly KernelMigration[]): Promise<void> {
  const making = `making_${randomBytes(8).toString('hex')}`
  await client.query(`create database ${making}`)
  const database = await openDatabase({ adminUrl: databaseUrl(clusterUrl, making), secret, kernelMigrations })
  await database.close()
  await rename(client, making, template)
}

// A server process ends a moment after its connection is closed: renaming waits for it.
async function rename(client: pg.Client, from: string, to: string, attempts = 50): Promise<void> {
  try {
    await client.query(`alter database ${from} rename to ${quoteIdentifier(to)}`)
  } catch (error) {
    if (!hasSqlState(error, '55006') || attempts === 0) throw error
    await client.query('select pg_sleep(0.02)')
    await rename(client, from, to, attempts - 1)
  }
}

async function onCluster(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(clusterUrl: string, name: string): string {
  const url = new URL(clusterUrl)
  url.pathname = `/${name}`
  return url.href
}
