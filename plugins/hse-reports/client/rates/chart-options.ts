import { severities } from '../../terms.ts'
import type { MonthRates } from '../../server/rates.ts'

export type Basis = 'osha' | 'perMillion'

interface Texts {
  month(month: string): string
  severity(level: string): string
  monthly: string
  rolling: string
}

const grid = { left: 8, right: 12, top: 40, bottom: 8, containLabel: true }

/** Incidents a month, stacked by actual severity; severities that never occur are left out. */
export function incidentsChart(months: readonly MonthRates[], texts: Texts) {
  const seen = severities.filter((level) => months.some(({ incidents }) => incidents[level]))
  return {
    grid,
    legend: { top: 0, type: 'scroll' },
    tooltip: { trigger: 'axis' },
    xAxis: { type: 'category', data: months.map(({ month }) => texts.month(month)) },
    yAxis: { type: 'value', minInterval: 1 },
    series: seen.map((level) => ({ type: 'bar', stack: 'severity', name: texts.severity(level), data: months.map(({ incidents }) => incidents[level] ?? 0) })),
  }
}

/** TRIR of each month and over twelve months; months without hours are gaps in the line, not zeros. */
export function trirChart(months: readonly MonthRates[], basis: Basis, texts: Texts) {
  const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value * 100) / 100)
  return {
    grid,
    legend: { top: 0 },
    tooltip: { trigger: 'axis' },
    xAxis: { type: 'category', data: months.map(({ month }) => texts.month(month)) },
    yAxis: { type: 'value' },
    series: [
      { type: 'line', name: texts.monthly, lineStyle: { width: 1, type: 'dashed' }, data: months.map((month) => rounded(month[basis].trir)) },
      { type: 'line', name: texts.rolling, lineStyle: { width: 3 }, symbol: 'none', data: months.map(({ rolling }) => rounded(rolling[basis].trir)) },
    ],
  }
}
