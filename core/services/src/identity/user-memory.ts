import type { Notifications } from '@opsflux/data'
import type { SignedIn } from './signed-in.ts'

/** What was read, and for how long it holds if nothing changes. */
export interface Found {
  user: SignedIn
  secondsLeft: number
}

interface Kept {
  user: SignedIn
  /** By this process' clock, which never goes back. */
  endsAt: number
}

/** The one used least recently makes room. */
export const maxKept = 10_000

/**
 * Users by session, kept for as long as every change of them is told. While the database is not heard, everything is read anew.
 * What was being read while something changed is answered, but not kept.
 */
export class UserMemory {
  readonly #notifications: Pick<Notifications, 'isConnected'>
  readonly #kept = new Map<string, Kept>()
  #reading = new Map<string, Promise<SignedIn | undefined>>()

  constructor(notifications: Pick<Notifications, 'isConnected'>) {
    this.#notifications = notifications
  }

  async get(key: string, read: () => Promise<Found | undefined>): Promise<SignedIn | undefined> {
    if (!this.#notifications.isConnected) return (await read())?.user
    const known = this.#kept.get(key)
    if (!known) return this.#reading.get(key) ?? this.#read(key, read)
    this.#kept.delete(key)
    if (known.endsAt <= performance.now()) return this.#read(key, read)
    this.#kept.set(key, known)
    return known.user
  }

  /** Of one user, of all of a tenant, or all there are. Whoever asks from now on is answered what is read from now on. */
  forget(id?: string): void {
    this.#reading = new Map()
    if (id === undefined) return this.#kept.clear()
    for (const [key, { user }] of this.#kept) if (user.id === id || user.tenantId === id) this.#kept.delete(key)
  }

  #read(key: string, read: () => Promise<Found | undefined>): Promise<SignedIn | undefined> {
    const reading = this.#reading
    const askedAt = performance.now()
    const answer = read().then((found) => {
      if (found && this.#reading === reading) this.#keep(key, { user: found.user, endsAt: askedAt + found.secondsLeft * 1_000 })
      return found?.user
    }).finally(() => reading.delete(key))
    reading.set(key, answer)
    return answer
  }

  #keep(key: string, kept: Kept): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined && this.#kept.size >= maxKept) this.#kept.delete(oldest)
    this.#kept.set(key, kept)
  }
}
