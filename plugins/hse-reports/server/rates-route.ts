import { refuse, type Context } from '@opsflux/sdk'
import type { entities } from '../entities.ts'
import { lostTimeTypes, recordableTypes } from '../terms.ts'
import { addMonths, firstDay, monthOf, monthsBetween } from './months.ts'
import { summarise, type MonthExposure, type RatesAnswer } from './rates.ts'
import { refusal } from './refusals.ts'

/** Ten years: 6 severities × 120 months stay below the 1,000 groups of an aggregate. */
const longestPeriod = 120

interface Asked { from?: string | null; to?: string | null; site?: string | null }
type Database = Pick<Context<typeof entities>['db'], 'incident' | 'exposureHours'>

/** Rates of the months from `from` to `to`; default the ten years to this month. Drafts count: a case exists before its papers do. */
export async function ratesOf({ from, to, site }: Asked, context: { db: Database; now: string; user: { locale: string } }): Promise<RatesAnswer> {
  const last = monthOf(to ?? context.now)
  const first = from ? monthOf(from) : addMonths(last, 1 - longestPeriod)
  if (first > last) throw refuse(refusal('periodBackwards', context.user.locale), 'from')
  if (first < addMonths(last, 1 - longestPeriod)) throw refuse(refusal('periodTooLong', context.user.locale), 'from')
  const atSite = site ? { site } : {}
  const months = await exposures(context.db, first, last, atSite)
  return summarise({ from: first, to: last }, months)
}

async function exposures(db: Database, first: string, last: string, atSite: { site?: string }): Promise<MonthExposure[]> {
  const begin = firstDay(first)
  const end = firstDay(addMonths(last, 1))
  const occurredAt = { gte: `${begin}T00:00:00.000Z`, lt: `${end}T00:00:00.000Z` }
  const byMonth = { field: 'occurredAt', bucket: 'month' } as const
  const [hours, cases, incidents] = await Promise.all([
    db.exposureHours.aggregate({ where: { ...atSite, month: { gte: begin, lt: end } }, groupBy: ['month'], sum: ['hours'] }),
    db.incident.aggregate({ where: { ...atSite, occurredAt, type: { in: recordableTypes } }, groupBy: [byMonth, 'type'], sum: ['injured'] }),
    db.incident.aggregate({ where: { ...atSite, occurredAt }, groupBy: [byMonth, 'actualSeverity'] }),
  ])
  const known = [...hours.map(({ group }) => monthOf(group.month)), ...incidents.map(({ group }) => monthOf(group.occurredAt))].toSorted()
  const months = new Map(monthsBetween(known[0] ?? last, known.at(-1) ?? '').map((month) => [month, emptyMonth(month)]))
  for (const row of hours) {
    const month = months.get(monthOf(row.group.month))
    if (month) month.hours += Number(row.sum.hours ?? 0)
  }
  for (const row of cases) {
    const month = months.get(monthOf(row.group.occurredAt))
    if (month) addCases(month, String(row.group.type), Number(row.sum.injured ?? 0))
  }
  for (const row of incidents) {
    const month = months.get(monthOf(row.group.occurredAt))
    if (month) month.incidents[String(row.group.actualSeverity)] = row.count
  }
  return [...months.values()]
}

const emptyMonth = (month: string): MonthExposure => ({ month, hours: 0, recordable: 0, lostTimeInjuries: 0, fatalities: 0, incidents: {} })

function addCases(month: MonthExposure, type: string, injured: number): void {
  month.recordable += injured
  if (lostTimeTypes.includes(type)) month.lostTimeInjuries += injured
  if (type === 'fatality') month.fatalities += injured
}
