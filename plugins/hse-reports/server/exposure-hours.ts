import { refuse } from '@opsflux/sdk'
import { firstDay, monthOf } from './months.ts'
import { refusal } from './refusals.ts'
import { oneLine } from './text.ts'

interface HoursValues { month?: string | null; site?: string | null }
interface Call { now: string; user: { locale: string } }

/** Moves the date to the first of its month and refuses months to come. */
export function checkedHours<T extends HoursValues>(input: T, { now, user }: Call): T {
  const tidy = { ...input }
  if ('site' in tidy) tidy.site = oneLine(tidy.site)
  if (typeof tidy.month === 'string' && /^\d{4}-\d\d-\d\d$/u.test(tidy.month)) tidy.month = firstDay(monthOf(tidy.month))
  if (typeof tidy.month === 'string' && monthOf(tidy.month) > latestMonth(now)) throw refuse(refusal('futureMonth', user.locale), 'month')
  return tidy
}

/** The month it is by now at UTC+14, where days begin first. */
const latestMonth = (now: string): string => monthOf(new Date(Date.parse(now) + 14 * 3_600_000).toISOString())
