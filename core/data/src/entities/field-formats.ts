import { createContext, Script, type Context } from 'node:vm'
import type { Json } from '@opsflux/sdk'
import { fitsZone, isZone, parseZoned } from './kinds/zoned-instant.ts'

/** Text that PostgreSQL can hold: no NUL, no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** `YYYY-MM-DD`, a day of the Gregorian calendar, years 0001 to 9999. */
export function isCalendarDate(text: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!parts || text.startsWith('0000')) return false
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** RFC 3339 with its offset; no leap seconds, as PostgreSQL would move them to the next minute. */
export function isInstant(text: string): boolean {
  const parts = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(text)
  if (!isCalendarDate(parts?.[1] ?? '')) return false
  const year = new Date(text).getUTCFullYear()
  return year >= 1 && year <= 9999
}

/** RFC 9557 with an IANA zone, whose offset at that instant it has (or `Z`). */
export function isZonedInstant(text: string): boolean {
  const parsed = parseZoned(text)
  return parsed !== undefined && isInstant(parsed.instant) && isZone(parsed.zone) && fitsZone(parsed.instant, parsed.zone)
}

// ISO 4217 has more than Intl knows: codes of funds, of metals, and for tests. Its code for no currency at all is left out: an amount has one.
const furtherCurrencies = ['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'UYI', 'UYW', 'VED', 'XAD', 'XAG', 'XAU', 'XBA', 'XBB', 'XBC', 'XBD', 'XPD', 'XPT', 'XTS', 'XUA']
let currencies: ReadonlySet<string> | undefined

/** ISO 4217, codes of the past included. */
export function isCurrency(code: string): boolean {
  currencies ??= new Set([...Intl.supportedValuesOf('currency'), ...furtherCurrencies])
  return currencies.has(code)
}

export const maxJsonBytes = 65_536
const maxJsonDepth = 100

/** A value that a jsonb column takes: at most 64 KiB, 100 levels, storable text and keys. */
export function isStorableJson(value: Json): boolean {
  return isShallow(value, maxJsonDepth) && Buffer.byteLength(JSON.stringify(value)) <= maxJsonBytes
}

function isShallow(value: Json, levels: number): boolean {
  if (typeof value === 'string') return isStorableText(value)
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  if (Array.isArray(value)) return value.every((item) => isShallow(item, levels - 1))
  return Object.entries(value).every(([key, item]) => isStorableText(key) && isShallow(item, levels - 1))
}

/** At most `precision` digits, `scale` of them after the point. */
export function decimalPattern(precision = 18, scale = 6): string {
  const whole = precision > scale ? `(0|[1-9]\\d{0,${precision - scale - 1}})` : '0'
  return `^-?${whole}${scale > 0 ? `(\\.\\d{1,${scale}})?` : ''}$`
}

/** The whole text must match a plugin's expression. */
export function wholePattern(pattern: string): string {
  return `${wholeStart}${pattern})$`
}
const wholeStart = '^(?:'

const patternMilliseconds = 50
let sandbox: { globals: Context; script: Script } | undefined

/**
 * Compiles patterns for ajv. An expression of a plugin such as `(a+)+$` could hold the host process for hours:
 * V8 looks for termination while it backtracks, so a script with a time limit stops it. Our own patterns are linear.
 */
export function compilePattern(source: string, flags: string): { test(text: string): boolean } {
  const expression = new RegExp(source, flags)
  return source.startsWith(wholeStart) ? { test: (text) => matchesInTime(expression, text) } : expression
}

function matchesInTime(expression: RegExp, text: string): boolean {
  sandbox ??= { globals: createContext({}), script: new Script('expression.test(text)') }
  Object.assign(sandbox.globals, { expression, text })
  try {
    return sandbox.script.runInContext(sandbox.globals, { timeout: patternMilliseconds }) === true
  } catch {
    return false
  }
}
