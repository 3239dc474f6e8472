import type { Database } from './database.ts'
import { LaunchError } from './launch-error.ts'

const oldestMajor = 15

/** A PostgreSQL that somebody else runs: looked at once, never stopped. */
export class ExternalDatabase implements Database {
  readonly url: string
  readonly needsPort = false

  constructor(url: string) {
    this.url = url
  }

  async open(): Promise<string> {
    const where = describe(this.url)
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 10_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ server_version: string }>('show server_version')
      const version = rows[0]?.server_version ?? ''
      if (Number.parseInt(version, 10) < oldestMajor) throw new LaunchError(`The PostgreSQL at ${where} (DATABASE_URL) is version ${version}: OpsFlux needs ${oldestMajor} or newer.`)
      return `PostgreSQL ${version.split(' ')[0]} at ${where}`
    } catch (cause) {
      if (cause instanceof LaunchError) throw cause
      throw new LaunchError(`The PostgreSQL at ${where} (DATABASE_URL) cannot be used: ${reasonOf(cause)}. Check the address, the user and the password, or unset DATABASE_URL to use the embedded one.`, { cause })
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async stop(): Promise<void> {}

  kill(): void {}
}

/** Host, port and database of a connection URL, without user and password. */
function describe(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    if (protocol === 'postgresql:' || protocol === 'postgres:') return `${host}${pathname}`
  } catch {
    // Said below: to a person it is one mistake.
  }
  throw new LaunchError('DATABASE_URL is not the URL of a PostgreSQL. It looks like postgresql://user:password@host:5432/database.')
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  // Of an address with several numbers, each of which failed, the error has no message of its own.
  return cause.message || ('code' in cause ? String(cause.code) : 'no answer')
}
