import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { identifyProcess } from '../setup/process-identity.mjs'
import { LaunchError } from './launch-error.ts'
import { checkPorts } from './ports.ts'
import type { Settings } from './settings.ts'

const oldestMajor = 15
const watchEvery = 1000

export interface Database {
  url: string
  /** `embedded`, or the server's version. */
  description: string
  stop(): Promise<void>
}

/** The PostgreSQL that DATABASE_URL names, or the embedded one. @throws LaunchError */
export function openDatabase(settings: Settings, tell: (message: string) => void): Promise<Database> {
  return settings.databaseUrl ? checkExternal(settings.databaseUrl) : openEmbedded(settings, tell)
}

async function checkExternal(url: string): Promise<Database> {
  const { default: pg } = await import('pg')
  const where = describe(url)
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    const version = rows[0]?.server_version ?? ''
    if (Number.parseInt(version, 10) < oldestMajor) throw new LaunchError(`The PostgreSQL at ${where} (DATABASE_URL) is version ${version}: OpsFlux needs ${oldestMajor} or newer.`)
    return { url, description: `PostgreSQL ${version} at ${where}`, stop: async () => undefined }
  } catch (cause) {
    if (cause instanceof LaunchError) throw cause
    const reason = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : 'no answer') : String(cause)
    throw new LaunchError(`The PostgreSQL at ${where} (DATABASE_URL) cannot be used: ${reason}. Check the address, the user and the password, or unset DATABASE_URL to use the embedded one.`, { cause })
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Host, port and database of a connection URL, without user and password. */
function describe(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `${host}${pathname}`
  } catch {
    throw new LaunchError('DATABASE_URL is not a URL. It looks like postgresql://user:password@host:5432/database.')
  }
}

async function openEmbedded(settings: Settings, tell: (message: string) => void): Promise<Database> {
  const { startPostgres } = await import('@opsflux/data/embedded')
  const dataDir = join(settings.home, 'postgres')
  // One that outlived a killed launcher holds the port rightly: it is attached to.
  if (!existsSync(join(dataDir, 'cluster', 'postmaster.pid'))) await checkPorts(settings, ['database'])
  const options = { dataDir, port: settings.ports.database }
  let running = await startPostgres(options).catch((cause: unknown) => {
    throw new LaunchError(`The database did not start: ${cause instanceof Error ? cause.message : String(cause)} OPSFLUX_DATABASE_PORT (now ${settings.ports.database}) moves its port.`, { cause })
  })
  let identity = identifyProcess(running.pid)
  let restarting = false
  const watch = setInterval(async () => {
    if (restarting || identifyProcess(running.pid) === identity) return
    restarting = true
    tell('The database ended unexpectedly: starting it again')
    try {
      running = await startPostgres(options)
      identity = identifyProcess(running.pid)
      tell('The database serves again')
    } catch (error) {
      tell(`The database does not start: ${error instanceof Error ? error.message : String(error)}`)
    }
    restarting = false
  }, watchEvery)
  return {
    url: running.url,
    description: 'embedded PostgreSQL 18',
    stop: async () => {
      clearInterval(watch)
      await running.stop()
    },
  }
}
