/** A moment for people, such as “2 Mar 2026, 14:20”. */
export function momentText(instant: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/** A size for people, such as “1.4 MB”. */
export function sizeText(bytes: number, locale: string): string {
  const [unit, divisor] = bytes < 1_000 ? ['byte', 1] as const : bytes < 1_000_000 ? ['kilobyte', 1_000] as const : ['megabyte', 1_000_000] as const
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: bytes < 1_000_000 ? 0 : 1 }).format(bytes / divisor)
}
