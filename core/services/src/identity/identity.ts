import { hash, randomBytes } from 'node:crypto'
import { sql, type Database, type Notifications } from '@opsflux/data'
import { OpsFluxError } from '@opsflux/sdk'
import { assertStrong, hashPassword, isPassword, oneTimePassword } from './passwords.ts'
import { signedInOf, type AccountRow, type SignedIn } from './signed-in.ts'
import { UserMemory } from './user-memory.ts'

interface Account { id: string; password_hash: string; is_locked: boolean }

export const sessionHours = 12
const digestOf = (token: string): string => hash('sha256', token)
/** Told by triggers, with the id of a user or of a tenant. */
const channel = 'opsflux_identity'

/** Users, their passwords and their sessions. */
export class Identity {
  readonly #database: Database
  // Compared with when there is no such user, so that the answer takes as long.
  readonly #decoy = hashPassword(randomBytes(16).toString('hex'))
  readonly #listeners = new Set<() => void>()
  readonly #memory: UserMemory

  constructor(database: Database, notifications: Pick<Notifications, 'isConnected' | 'on' | 'onReconnected'>) {
    this.#database = database
    this.#memory = new UserMemory(notifications)
    notifications.on(channel, (id) => this.noteChanged(id))
    notifications.onReconnected(() => this.noteChanged())
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
    await this.#database.app.query('select opsflux.open_session($1, $2, make_interval(hours => $3))', [account.id, digestOf(token), sessionHours])
    return token
  }

  async signOut(token: string): Promise<void> {
    const user = await this.who(token)
    await this.#database.app.query('select opsflux.close_session($1)', [digestOf(token)])
    if (user) this.noteChanged(user.id)
  }

  /** Calls `listener` after sessions ended or their users changed, on any host; the answer takes it back. */
  onSessionsEnded(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Undefined when the token is unknown, closed or expired. From memory while this host hears of every change: one made here is seen
   * by the next call (a closed session ends at once, CORE-01.3), one made on another host within a second.
   */
  async who(token: string): Promise<SignedIn | undefined> {
    const digest = digestOf(token)
    return this.#memory.get(digest, async () => {
      const { rows: [row] } = await this.#database.app.query<AccountRow & { seconds_left: number }>('select * from opsflux.session_of($1)', [digest])
      return row && { user: signedInOf(row), secondsLeft: row.seconds_left }
    })
  }

  /** A user who need not be signed in: for what is done on his behalf later. Undefined when he has no account in the tenant. */
  async user(tenantId: string, userId: string): Promise<SignedIn | undefined> {
    return this.#memory.get(`${tenantId} ${userId}`, async () => {
      const { rows: [row] } = await this.#database.app.query<AccountRow>('select * from opsflux.account_of($1, $2)', [tenantId, userId])
      return row && { user: signedInOf(row), secondsLeft: Infinity }
    })
  }

  /** Something of this user, or of all of this tenant, is no longer what was read; without an id, of anybody. */
  noteChanged(id?: string): void {
    this.#memory.forget(id)
    for (const listener of this.#listeners) listener()
  }

  /** @throws sign-in-failed when `current` is wrong, too-many-requests after five times, validation-failed when `next` is weak. */
  async changePassword(token: string, current: string, next: string): Promise<void> {
    const user = await this.who(token)
    const account = user && (await this.#account(user.email))
    if (!account) throw new OpsFluxError('not-signed-in', 'The session has ended. Sign in again.')
    assertOpen(account)
    if (!(await isPassword(account.password_hash, current))) {
      await this.#noteFailure(account.id)
      throw new OpsFluxError('sign-in-failed', 'The current password is wrong.')
    }
    assertStrong(next, user.email)
    if (next === current) throw new OpsFluxError('validation-failed', 'Choose a password other than the current one.', { data: { errors: [{ path: '/next', code: 'same-password', message: 'Choose another one.' }] } })
    await this.#database.app.query('select opsflux.change_password($1, $2)', [digestOf(token), await hashPassword(next)])
    this.noteChanged(user.id)
  }

  async changeLocale(token: string, locale: string): Promise<void> {
    const user = await this.who(token)
    await this.#database.app.query('select opsflux.change_locale($1, $2)', [digestOf(token), locale])
    if (user) this.noteChanged(user.id)
  }

  /** Users of the tenant whose name or e-mail contains `q`, at most 50. */
  async users(actor: { tenantId: string; userId: string }, q = ''): Promise<{ id: string; name: string }[]> {
    return this.#database.transaction(actor, async (transaction) => {
      const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const rows = await transaction.texts(sql`select id, name from opsflux.user_account where name ilike ${pattern} or email ilike ${pattern} order by name, id limit 50`)
      return rows.map(([id, name]) => ({ id: id ?? '', name: name ?? '' }))
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
    const { rows } = await this.#database.app.query<Account>(
      'select id, password_hash, coalesce(locked_until > now(), false) as is_locked from opsflux.find_for_sign_in($1)', [email])
    return rows[0]
  }

  async #noteFailure(accountId: string): Promise<void> {
    await this.#database.app.query('select opsflux.note_failed_sign_in($1)', [accountId])
  }
}

// CORE-01.4.4. The right password is answered so too: else it could be told from the others.
function assertOpen({ is_locked: isLocked }: Account): void {
  if (isLocked) throw new OpsFluxError('too-many-requests', 'Too many failed attempts: this account is locked for 15 minutes.')
}
