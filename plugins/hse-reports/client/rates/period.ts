export const periods = ['all', 'year', 'twelveMonths', 'custom'] as const
export type Period = (typeof periods)[number]

/** First and last month of a period, `YYYY-MM`; empty leaves it to the server (ten years). */
export interface Months { from: string; to: string }

export function monthsOf(period: Period, custom: Months, today: Date): Months {
  const month = (back: number): string => new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).toISOString().slice(0, 7)
  if (period === 'all') return { from: '', to: '' }
  if (period === 'year') return { from: `${month(0).slice(0, 4)}-01`, to: month(0) }
  return period === 'twelveMonths' ? { from: month(11), to: month(0) } : custom
}
