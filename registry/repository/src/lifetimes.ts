import { secondsAfter, type TopLevelRole } from '@opsflux/registry-metadata'
import { OpsFluxError } from '@opsflux/sdk'

export const daySeconds = 86_400
export const defaultRootDays = 730

/**
 * For how long what is signed holds. The timestamp's is how long a frozen or cut-off registry goes unnoticed, and how long
 * a registry may be out of order before hosts stop installing. Each is renewed when half of it is spent.
 */
export const lifetimeSeconds: Readonly<Record<TopLevelRole, number>> = { root: defaultRootDays * daySeconds, targets: 365 * daySeconds, snapshot: 14 * daySeconds, timestamp: 3 * daySeconds }
/** The longest a publisher may sign for. */
export const maxPublisherSeconds = 731 * daySeconds
/** The longest that holders may be away: five years. */
const maxRootDays = 1_826

export function expiryOf(role: TopLevelRole, now: Date): Date {
  return secondsAfter(now, lifetimeSeconds[role])
}

/** @throws invalid-request */
export function checkRootDays(days: number): number {
  if (!Number.isInteger(days) || days < 1 || days > maxRootDays) throw new OpsFluxError('invalid-request', `A root holds for 1 to ${maxRootDays} days. Two years (${defaultRootDays}) is the default.`)
  return days
}
