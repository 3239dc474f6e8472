import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import { sql } from 'kysely'
import { assertStrong, hashPassword, isPassword, oneTimePassword } from './passwords.ts'

/** Who a request speaks for. */
export interface SignedIn {
  id: string
  tenantId: string
  tenantName: string
  email: string
  name: string
  locale: string
  role: 'admin' | 'user' | 'guest'
  mustChangePassword: boolean
}

interface SessionRow {
  id: string
  tenant_id: string
  tenant_name: string
  email: string
  name: string
  locale: string
  role: SignedIn['role']
  must_change_password: boolean
}

interface Account { id: string; password_hash: string; is_locked: boolean }

export const sessionHours = 12
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Users, their passwords and their sessions. */
export class Identity {
  readonly #database: Database
  // Compared with when there is no such user, so that the answer takes as long.
  readonly #decoy = hashPassword(randomBytes(16).toString('hex'))
  readonly #listeners = new Set<() => void>()

  constructor(database: Database) {
    this.#database = database
  }

  /** @returns the session token for the cookie. @throws sign-in-failed, too-many-requests */
  async signIn(email: string, password: string): Promise<string> {
    const account = await this.#account(email)
    const isRight = await isPassword(account?.password_hash ?? (await this.#decoy), password)
    if (account) assertOpen(account)
    if (!account || !isRight) {
      if (account) await this.#noteFailure(account.id)
      throw new OpsFluxError('sign-in-failed', 'The e-mail address or the password is wrong. Check both and try again.')
    }
    const token = randomBytes(32).toString('base64url')
    await sql`select opsflux.open_session(${account.id}, ${digestOf(token)}, make_interval(hours => ${sessionHours}))`.execute(this.#database.app)
    return token
  }

  async signOut(token: string): Promise<void> {
    await sql`select opsflux.close_session(${digestOf(token)})`.execute(this.#database.app)
    this.#tellSessionsEnded()
  }

  /** Calls `listener` after sessions were closed on this host; the answer takes it back. */
  onSessionsEnded(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Undefined when the token is unknown, closed or expired. One query a request: a closed session ends at once (CORE-01.3). */
  async who(token: string): Promise<SignedIn | undefined> {
    const row = await this.#session(token)
    return row && {
      id: row.id, tenantId: row.tenant_id, tenantName: row.tenant_name, email: row.email, name: row.name,
      locale: row.locale, role: row.role, mustChangePassword: row.must_change_password,
    }
  }

  /** @throws sign-in-failed when `current` is wrong, too-many-requests after five times, validation-failed when `next` is weak. */
  async changePassword(token: string, current: string, next: string): Promise<void> {
    const row = await this.#session(token)
    const account = row && (await this.#account(row.email))
    if (!account) throw new OpsFluxError('not-signed-in', 'The session has ended. Sign in again.')
    assertOpen(account)
    if (!(await isPassword(account.password_hash, current))) {
      await this.#noteFailure(account.id)
      throw new OpsFluxError('sign-in-failed', 'The current password is wrong.')
    }
    assertStrong(next, row.email)
    if (next === current) throw new OpsFluxError('validation-failed', 'Choose a password other than the current one.', { data: { errors: [{ path: '/next', code: 'same-password', message: 'Choose another one.' }] } })
    await sql`select opsflux.change_password(${digestOf(token)}, ${await hashPassword(next)})`.execute(this.#database.app)
    this.#tellSessionsEnded()
  }

  async changeLocale(token: string, locale: string): Promise<void> {
    await sql`select opsflux.change_locale(${digestOf(token)}, ${locale})`.execute(this.#database.app)
  }

  /** Users of the tenant whose name or e-mail contains `q`, at most 50. */
  async users(actor: { tenantId: string; userId: string }, q = ''): Promise<{ id: string; name: string }[]> {
    return this.#database.transaction(actor, async (transaction) => {
      const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const { rows } = await sql<{ id: string; name: string }>`
        select id, name from opsflux.user_account where name ilike ${pattern} or email ilike ${pattern} order by name, id limit 50`.execute(transaction)
      return rows
    })
  }

  /**
   * Makes the first tenant and administrator of a new platform, and a fresh one-time password
   * at every start until it has been used (two hosts starting at once make one account).
   */
  async firstAdministrator(email: string): Promise<{ email: string; password: string } | undefined> {
    const password = oneTimePassword()
    const hashed = await hashPassword(password)
    const client = await this.#database.admin.connect()
    try {
      await client.query('begin')
      await client.query('lock table opsflux.tenant in exclusive mode')
      const { rows: [account] } = await client.query<{ signed_in_at: Date | null }>('select signed_in_at from opsflux.user_account order by created_at limit 1')
      if (!account) {
        const { rows: [tenant] } = await client.query<{ id: string }>("insert into opsflux.tenant (id, name) values (gen_random_uuid(), 'OpsFlux') returning id")
        await client.query(
          "insert into opsflux.user_account (tenant_id, email, name, role, password_hash, must_change_password) values ($1, $2, 'Administrator', 'admin', $3, true)",
          [tenant?.id, email, hashed])
      } else if (!account.signed_in_at) {
        await client.query('update opsflux.user_account set password_hash = $1, must_change_password = true where signed_in_at is null and lower(email) = lower($2)', [hashed, email])
      }
      await client.query('commit')
      return account?.signed_in_at ? undefined : { email, password }
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }

  async #account(email: string): Promise<Account | undefined> {
    // Compared by the database: its driver here answers times as texts.
    const { rows } = await sql<Account>`
      select id, password_hash, coalesce(locked_until > now(), false) as is_locked from opsflux.find_for_sign_in(${email})`.execute(this.#database.app)
    return rows[0]
  }

  async #noteFailure(accountId: string): Promise<void> {
    await sql`select opsflux.note_failed_sign_in(${accountId})`.execute(this.#database.app)
  }

  #tellSessionsEnded(): void {
    for (const listener of this.#listeners) listener()
  }

  async #session(token: string): Promise<SessionRow | undefined> {
    const { rows } = await sql<SessionRow>`select * from opsflux.session_user_of(${digestOf(token)})`.execute(this.#database.app)
    return rows[0]
  }
}

// CORE-01.4.4. The right password is answered so too: else it could be told from the others.
function assertOpen({ is_locked: isLocked }: Account): void {
  if (isLocked) throw new OpsFluxError('too-many-requests', 'Too many failed attempts: this account is locked for 15 minutes.')
}
