import { createHmac } from 'node:crypto'
import pg from 'pg'

/** The login role of all requests; it owns nothing. */
export const appRole = 'opsflux_app'

export const quoteIdentifier = (name: string): string => pg.escapeIdentifier(name)

/** HMAC-SHA256(secret, role): every host of a platform knows it without being told. */
export const rolePassword = (secret: string, role: string): string => createHmac('sha256', secret).update(role).digest('hex')

/** The administrator's URL with another role's name and password. */
export function roleUrl(adminUrl: string, secret: string, role: string): string {
  const url = new URL(adminUrl)
  url.username = role
  url.password = rolePassword(secret, role)
  return url.href
}

export interface LoginRole {
  name: string
  password: string
  connectionLimit?: number
}

/**
 * Makes a login role without any right, or leaves the one there is. Its password is set again when `url` does not open a
 * connection: after a new secret, or when the role was left by another platform on the same server.
 */
export async function ensureLoginRole(admin: pg.Pool | pg.Client, url: string, role: LoginRole): Promise<void> {
  const known = await admin.query('select from pg_roles where rolname = $1', [role.name])
  if (known.rowCount === 0) {
    try {
      await admin.query(`create role ${quoteIdentifier(role.name)} login noinherit nosuperuser nocreatedb nocreaterole ` +
        `connection limit ${role.connectionLimit ?? -1} password ${pg.escapeLiteral(role.password)}`)
      return
    } catch (error) {
      // Roles belong to the whole server: another host or database may have made it this very moment.
      if (!hasSqlState(error, '23505', '42710')) throw error
    }
  }
  if (!(await opens(url))) await admin.query(`alter role ${quoteIdentifier(role.name)} login password ${pg.escapeLiteral(role.password)}`)
}

async function opens(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch (error) {
    // 28000, 28P01: not let in as this role. Anything else (too many connections, no right to connect) is not about the password.
    return !hasSqlState(error, '28000', '28P01')
  }
}

/** Whether an error is PostgreSQL's with one of these SQLSTATE codes. */
export function hasSqlState(error: unknown, ...codes: string[]): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && codes.includes(error.code)
}
