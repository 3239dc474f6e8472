interface Parts { yyyy: number; MM: number; dd: number; HH: number; mm: number; ss: number }

/** Reads a date written in `format` (yyyy MM dd HH mm ss) in an IANA time zone: RFC 3339 in UTC, undefined when it is no such date. */
export function toInstant(text: string, format: string, zone: string): string | undefined {
  const parts = parse(text, format)
  if (!parts) return undefined
  const wall = Date.UTC(parts.yyyy, parts.MM - 1, parts.dd, parts.HH, parts.mm, parts.ss)
  // The offset at the wall time taken for UTC can be that of the other side of a clock change: look again at the instant found.
  const first = wall - offsetAt(wall, zone)
  return new Date(wall - offsetAt(first, zone)).toISOString()
}

/** Reads a calendar day written in `format`: `YYYY-MM-DD`, undefined when it is no such day. */
export function toDay(text: string, format: string): string | undefined {
  const parts = parse(text, format)
  return parts && new Date(Date.UTC(parts.yyyy, parts.MM - 1, parts.dd)).toISOString().slice(0, 10)
}

function parse(text: string, format: string): Parts | undefined {
  const tokens = format.match(/yyyy|MM|dd|HH|mm|ss/gu) ?? []
  const pattern = format.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&').replace(/yyyy/u, '(\\d{4})').replace(/MM|dd|HH|mm|ss/gu, '(\\d{2})')
  const found = new RegExp(`^${pattern}$`, 'u').exec(text.trim())
  if (!found) return undefined
  const parts: Parts = { yyyy: 1970, MM: 1, dd: 1, HH: 0, mm: 0, ss: 0 }
  tokens.forEach((token, at) => { parts[token as keyof Parts] = Number(found[at + 1]) })
  return isCalendarDate(parts) ? parts : undefined
}

function isCalendarDate({ yyyy, MM, dd, HH, mm, ss }: Parts): boolean {
  const date = new Date(Date.UTC(yyyy, MM - 1, dd, HH, mm, ss))
  return date.getUTCMonth() === MM - 1 && date.getUTCDate() === dd && HH < 24 && mm < 60 && ss < 60
}

/** Milliseconds a zone is ahead of UTC at an instant. */
function offsetAt(instant: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  })
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day ?? 1, part.hour ?? 0, part.minute ?? 0, part.second ?? 0) - Math.floor(instant / 1000) * 1000
}
