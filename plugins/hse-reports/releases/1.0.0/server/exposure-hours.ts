import { refuse, type Context } from '@opsflux/sdk'
import type { entities } from '../entities.ts'
import { firstDay, monthOf } from './months.ts'
import { refusal } from './refusals.ts'
import { oneLine } from './text.ts'

interface HoursValues {
  month?: string | null
  site?: string | null
  employer?: 'company' | 'contractor' | null
  hours?: number | null
}
type Call = { db: Pick<Context<typeof entities>['db'], 'exposureHours'>; now: string; user: { locale: string } }

/** Moves the date to the first of its month and refuses months to come and hours entered twice. */
export async function checkedHours<T extends HoursValues>(input: T, call: Call, record?: HoursValues & { id: string }): Promise<T> {
  const tidy = { ...input }
  if ('site' in tidy) tidy.site = oneLine(tidy.site)
  if (typeof tidy.month === 'string' && /^\d{4}-\d\d-\d\d$/u.test(tidy.month)) tidy.month = firstDay(monthOf(tidy.month))
  if (typeof tidy.month === 'string' && monthOf(tidy.month) > latestMonth(call.now)) throw refuse(refusal('futureMonth', call.user.locale), 'month')
  await refuseSecond({ ...record, ...tidy }, record?.id, call)
  return tidy
}

/** The month it is by now at UTC+14, where days begin first. */
const latestMonth = (now: string): string => monthOf(new Date(Date.parse(now) + 14 * 3_600_000).toISOString())

async function refuseSecond({ month, site, employer }: HoursValues, id: string | undefined, { db, user }: Call): Promise<void> {
  if (!month || !site || !employer) return
  const [known] = await db.exposureHours.find({ where: { month, site, employer }, limit: 1 })
  if (known && known.id !== id) throw refuse(refusal('hoursKnown', user.locale), 'month')
}
