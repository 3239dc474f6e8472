/** An instant and the zone it was meant in, RFC 9557. */
export interface Zoned {
  /** RFC 3339. */
  instant: string
  /** IANA, such as `Africa/Libreville`. */
  zone: string
}

const form = /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)([Zz]|[+-]\d{2}:\d{2})\[!?([A-Za-z][A-Za-z0-9_+/-]{0,63})\]$/

/** Parts of a text of the right form; whether they are of a calendar and fit each other is not looked at. */
export function parseZoned(text: string): Zoned | undefined {
  const [, local, offset, zone] = form.exec(text) ?? []
  return local === undefined || offset === undefined || zone === undefined ? undefined : { instant: local + offset, zone }
}

/** Known to the zone data of this Node, which PostgreSQL's may differ from. */
export function isZone(zone: string): boolean {
  return formatterOf(zone) !== undefined
}

/**
 * `2026-03-01T08:30:00.000Z` in `Africa/Libreville` → `2026-03-01T09:30:00.000+01:00[Africa/Libreville]`. With the offset `Z`, which RFC 9557 §2.2
 * has for "not known here", where the zone is unknown or its offset had seconds, as before time was standardised.
 */
export function zonedText(instant: string, zone: string): string {
  const minutes = offsetMinutes(instant, zone)
  if (minutes === undefined || !Number.isInteger(minutes)) return `${instant}[${zone}]`
  const local = new Date(Date.parse(instant) + minutes * 60_000).toISOString()
  // Years are four digits: the first and last hours of them have no local time to be written in.
  if (!/^\d{4}-/.test(local)) return `${instant}[${zone}]`
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(part).padStart(2, '0'))
  return `${local.slice(0, -1)}${minutes < 0 ? '-' : '+'}${hours}:${rest}[${zone}]`
}

/** Whether the offset written is the zone's at that instant; `Z` claims nothing about it. */
export function fitsZone(instant: string, zone: string): boolean {
  const written = /([+-])(\d{2}):(\d{2})$/.exec(instant)
  if (!written) return true
  const [, sign, hours, minutes] = written
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const known = offsetMinutes(instant, zone) ?? 0
  // Offsets of former times had seconds, and are written to the nearest minute.
  return offset === Math.sign(known) * Math.round(Math.abs(known))
}

const formatters = new Map<string, Intl.DateTimeFormat | undefined>()
/** A formatter takes some 20 kB; names come from requests. */
const maxFormatters = 100

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  if (formatters.has(zone)) return formatters.get(zone)
  if (formatters.size >= maxFormatters) formatters.clear()
  const made = makeFormatter(zone)
  formatters.set(zone, made)
  return made
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
}

/** Minutes east of UTC, with a fraction where the offset has seconds. */
function offsetMinutes(instant: string, zone: string): number | undefined {
  const formatter = formatterOf(zone)
  const name = formatter?.formatToParts(new Date(instant)).find(({ type }) => type === 'timeZoneName')?.value
  const [, sign, hours, minutes = '0', seconds = '0'] = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name ?? '') ?? []
  if (name === undefined) return undefined
  return hours === undefined ? 0 : (Number(hours) * 60 + Number(minutes) + Number(seconds) / 60) * (sign === '-' ? -1 : 1)
}
