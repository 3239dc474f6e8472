import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { startPostgres } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import { removeLeftServers, serverFolder } from './left-servers.ts'

/** An empty database to try migrations on; dropped at the end. Nothing else on its server is touched: no roles, no other database. */
export interface ScratchDatabase extends AsyncDisposable {
  adminUrl: string
  admin: pg.Pool
}

/** PostgreSQL does not end with the process that started it. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** On the server of `url`, whose role must be allowed to create databases, or on an embedded PostgreSQL started for this. @throws not-ready */
export async function scratchDatabase(url: string | undefined): Promise<ScratchDatabase> {
  if (url !== undefined) return onServer(url)
  await removeLeftServers()
  const folder = await mkdtemp(serverFolder())
  // PostgreSQL does not run as root, and the user it runs as then has to pass through here.
  await chmod(folder, 0o755)
  const server = await startPostgres({ dataDir: folder, settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', shared_buffers: '32MB' }, initdbArguments: ['--no-sync', '--wal-segsize=1'] })
  const end = async (): Promise<void> => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  const interrupted = (): void => void end().finally(() => process.exit(130))
  for (const signal of signals) process.once(signal, interrupted)
  const finish = async (): Promise<void> => {
    for (const signal of signals) process.off(signal, interrupted)
    await end()
  }
  try {
    const { adminUrl, admin } = await onServer(server.url)
    return { adminUrl, admin, [Symbol.asyncDispose]: async () => { await admin.end(); await finish() } }
  } catch (error) {
    await finish()
    throw error
  }
}

async function onServer(url: string): Promise<ScratchDatabase> {
  const name = `opsflux_migrate_${randomBytes(6).toString('hex')}`
  await onceAt(url, `create database ${name}`)
  const adminUrl = Object.assign(new URL(url), { pathname: `/${name}` }).href
  const admin = new pg.Pool({ connectionString: adminUrl, max: 3, application_name: 'opsflux-migrate' })
  admin.on('error', () => undefined)
  return { adminUrl, admin, [Symbol.asyncDispose]: async () => { await admin.end(); await onceAt(url, `drop database ${name} with (force)`) } }
}

async function onceAt(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    await client.query(sql)
  } catch (cause) {
    throw new OpsFluxError('not-ready', `The database to try migrations on cannot be used: ${cause instanceof Error ? cause.message : String(cause)}. Give one whose role may create databases with --database, or none to use the embedded PostgreSQL.`, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}
