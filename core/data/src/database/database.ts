import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import { BoundedClient } from './bounded-client.ts'
import { platformMigrations, runKernelMigrations } from './kernel-migrations.ts'
import type { KernelMigration } from './kernel-migrations.ts'
import { SealingKey } from './sealing-key.ts'
import { runTransaction } from './records-connection.ts'
import type { DatabaseTransaction, TransactionActor } from './records-connection.ts'
import { appRole, ensureLoginRole, hasSqlState, quoteIdentifier, rolePassword, roleUrl } from './roles.ts'

export interface DatabaseOptions {
  /** URL of the administrator's role: a superuser, or one with CREATEROLE and CREATE on the database. PostgreSQL 15 or later. */
  adminUrl: string
  /** The platform's secret, from which the passwords of its roles are made. The same on every host. */
  secret: string
  /** Migrations of the kernel's other tables, in order; those of the module manager come first by themselves. */
  kernelMigrations?: readonly KernelMigration[]
  /** Connections of requests. Default 20. */
  maxConnections?: number
}

export interface Database {
  /** As the administrator's role, at most 3 connections: module manager only. Not bound by row-level security. */
  readonly admin: pg.Pool
  /** As `opsflux_app`. Outside `transaction` it sees no row of any tenant. */
  readonly app: pg.Pool
  readonly adminUrl: string
  /** Of encrypted fields; made from the platform's secret. */
  readonly sealingKey: SealingKey
  /**
   * Runs `work` as `opsflux_app` for one tenant and user: row-level security lets it reach that tenant's rows only.
   * Commits when `work` ends, rolls back when it throws.
   */
  transaction<T>(actor: TransactionActor, work: (transaction: DatabaseTransaction) => Promise<T>): Promise<T>
  /** URL to log in as one of the platform's roles. Holds the password. */
  roleUrl(role: string): string
  close(): Promise<void>
}

/** Connects, makes role and tables of the platform where missing, and opens both pools. @throws not-ready, migration-failed */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const admin = openAdmin(options.adminUrl)
  try {
    await checkServer(admin)
    const url = roleUrl(options.adminUrl, options.secret, appRole)
    await ensureLoginRole(admin, url, { name: appRole, password: rolePassword(options.secret, appRole) })
    await narrowPublic(admin)
    await runKernelMigrations(admin, [...platformMigrations(), ...(options.kernelMigrations ?? [])])
    return assemble(options, admin, openApp(url, options.maxConnections ?? 20))
  } catch (error) {
    await admin.end()
    throw error
  }
}

function openAdmin(adminUrl: string): pg.Pool {
  const admin = new pg.Pool({ connectionString: adminUrl, max: 3, connectionTimeoutMillis: 10_000, application_name: 'opsflux-admin' })
  return outlivingConnections(admin)
}

/** A connection that the server drops fails the statement under way and is replaced at the next use; without listeners it would end the process. */
function outlivingConnections(pool: pg.Pool): pg.Pool {
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

async function checkServer(admin: pg.Pool): Promise<void> {
  let version: number
  try {
    const { rows: [row] } = await admin.query<{ version: number }>("select current_setting('server_version_num')::integer as version")
    version = row?.version ?? 0
  } catch (cause) {
    throw new OpsFluxError('not-ready', `The database does not answer: ${cause instanceof Error ? cause.message : String(cause)}. Check DATABASE_URL and that PostgreSQL runs.`, { cause })
  }
  if (version < 150_000) throw new OpsFluxError('not-ready', 'OpsFlux needs PostgreSQL 15 or later. Upgrade the server, or leave DATABASE_URL empty to use the embedded one.')
}

/**
 * By default every role may make temporary tables in a database, which no policy covers. Only the owner of the database
 * (or a superuser) can change that; where we are neither, it stays, and migrations are still refused temporary tables.
 */
async function narrowPublic(admin: pg.Pool): Promise<void> {
  const { rows: [row] } = await admin.query<{ name: string; open: boolean }>(
    `select current_database() as name, has_database_privilege('${appRole}', current_database(), 'temporary') or has_schema_privilege('${appRole}', 'public', 'create') as open`)
  if (row?.open !== true) return
  try {
    await admin.query(`revoke temporary on database ${quoteIdentifier(row.name)} from public; revoke create on schema public from public`)
  } catch (error) {
    // 42501: not ours to change. XX000: another host does it at this moment.
    if (!hasSqlState(error, '42501', 'XX000')) throw error
  }
}

// Values are read as PostgreSQL writes them, so how it writes them is fixed.
const textFormats = '-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c bytea_output=hex -c extra_float_digits=1 -c standard_conforming_strings=on'

function openApp(connectionString: string, max: number): pg.Pool {
  return outlivingConnections(new pg.Pool({
    Client: BoundedClient, connectionString, max, application_name: 'opsflux', connectionTimeoutMillis: 10_000, keepAlive: true, statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000, options: textFormats,
  }))
}

function assemble({ adminUrl, secret }: DatabaseOptions, admin: pg.Pool, app: pg.Pool): Database {
  return {
    admin, app, adminUrl, sealingKey: new SealingKey(secret, 'field'),
    transaction: (actor, work) => runTransaction(app, actor, work),
    roleUrl: (role) => roleUrl(adminUrl, secret, role),
    close: async () => {
      await app.end()
      await admin.end()
    },
  }
}
