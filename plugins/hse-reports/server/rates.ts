/** Cases and hours worked: a month, a year, or a whole period. */
export interface Exposure {
  hours: number
  /** Injured people whose case is recordable (FAT, LWDC, RWDC, MTC). */
  recordable: number
  /** Injured people who died or lost work days (FAT, LWDC). */
  lostTimeInjuries: number
  fatalities: number
}

/** Null where no hours are known: the rate is undefined then, not zero. */
export interface Rates {
  trir: number | null
  ltif: number | null
}

export interface BothBases {
  /** Per 200,000 hours: 100 people working 40 hours in 50 weeks (OSHA). */
  osha: Rates
  /** Per 1,000,000 hours (IOGP, IMCA). */
  perMillion: Rates
}

export interface MonthRates extends Exposure, BothBases {
  /** `YYYY-MM`, in UTC. */
  month: string
  /** Incidents of any type, by actual severity. */
  incidents: Record<string, number>
  /** Over this month and the eleven before it. */
  rolling: BothBases
}

export interface YearRates extends Exposure, BothBases {
  year: string
}

/** What the route `rates` answers. */
export interface RatesAnswer extends Exposure, BothBases {
  /** First and last month, `YYYY-MM`. */
  period: { from: string; to: string }
  /** From the first month with data to the last, none left out. */
  months: MonthRates[]
  years: YearRates[]
  /** Months with recordable cases but no hours: rates over them come out too high. */
  monthsWithoutHours: string[]
}

export const oshaBase = 200_000
export const millionBase = 1_000_000

/** Cases per `base` hours worked; null when there are no hours. */
export function rate(cases: number, hours: number, base: number): number | null {
  return hours > 0 ? (cases * base) / hours : null
}

export function bothBases({ recordable, lostTimeInjuries, hours }: Exposure): BothBases {
  const on = (base: number): Rates => ({ trir: rate(recordable, hours, base), ltif: rate(lostTimeInjuries, hours, base) })
  return { osha: on(oshaBase), perMillion: on(millionBase) }
}

/** Adds cases and hours, so that a rate over years is all cases over all hours: the mean of yearly rates is not a rate. */
export function total(exposures: readonly Exposure[]): Exposure {
  const sum: Exposure = { hours: 0, recordable: 0, lostTimeInjuries: 0, fatalities: 0 }
  for (const one of exposures) {
    sum.hours += one.hours
    sum.recordable += one.recordable
    sum.lostTimeInjuries += one.lostTimeInjuries
    sum.fatalities += one.fatalities
  }
  return sum
}

export interface MonthExposure extends Exposure {
  month: string
  incidents: Record<string, number>
}

/** The whole answer from the months of a period, which are in order and without gaps. */
export function summarise(period: RatesAnswer['period'], months: readonly MonthExposure[]): RatesAnswer {
  const all = total(months)
  return {
    period,
    ...all,
    ...bothBases(all),
    months: months.map((month, at) => ({ ...month, ...bothBases(month), rolling: bothBases(total(months.slice(Math.max(0, at - 11), at + 1))) })),
    years: [...new Set(months.map(({ month }) => month.slice(0, 4)))].map((year) => {
      const sum = total(months.filter(({ month }) => month.startsWith(year)))
      return { year, ...sum, ...bothBases(sum) }
    }),
    monthsWithoutHours: months.filter(({ recordable, hours }) => recordable > 0 && hours === 0).map(({ month }) => month),
  }
}
