/**
 * Reads a TUF expiry date, `YYYY-MM-DDTHH:MM:SSZ` and nothing else.
 * `new Date` alone takes `2099`, local times and, in places, words.
 * Undefined when the text is anything else, or no day of the calendar.
 */
export function parseExpiry(text: unknown): Date | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && formatExpiry(date) === text ? date : undefined
}

/** A date as TUF metadata carries it, without fractions of a second. */
export function formatExpiry(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

export function secondsAfter(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000)
}

/** True when less than half of the lifetime is left. */
export function isHalfSpent(expires: Date, lifetimeSeconds: number, now: Date): boolean {
  return expires.getTime() - now.getTime() < lifetimeSeconds * 500
}
