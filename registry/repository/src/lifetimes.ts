import { secondsAfter, type TopLevelRole } from '@opsflux/registry-metadata'

const day = 86_400

/**
 * For how long what is signed holds. The timestamp's is how long a frozen or cut-off registry goes unnoticed, and how long
 * a registry may be out of order before hosts stop installing. Each is renewed when half of it is spent.
 */
export const lifetimeSeconds: Readonly<Record<TopLevelRole, number>> = { root: 730 * day, targets: 365 * day, snapshot: 14 * day, timestamp: 3 * day }
/** The longest a publisher may sign for. */
export const maxPublisherSeconds = 731 * day

export function expiryOf(role: TopLevelRole, now: Date): Date {
  return secondsAfter(now, lifetimeSeconds[role])
}
