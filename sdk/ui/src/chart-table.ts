import type { EChartsCoreOption } from 'echarts/core'

export interface ChartTable { head: string[]; rows: string[][] }

interface Part { name?: unknown; data?: unknown; type?: unknown }

/** The numbers of a chart as a table, for those who do not see it: categories down, series across. */
export function chartTable(option: EChartsCoreOption): ChartTable {
  const series = list(option.series)
  const axis = [...list(option.xAxis), ...list(option.yAxis)].find((candidate) => Array.isArray(candidate.data))
  const categories = Array.isArray(axis?.data) ? axis.data.map(label) : undefined
  if (categories) {
    const rows = categories.map((category, index) => [category, ...series.map((part) => value(items(part)[index]))])
    return { head: ['', ...series.map((part) => label(part.name))], rows }
  }
  return { head: ['', ''], rows: series.flatMap((part) => items(part).map((item) => [label(item), value(item)])) }
}

const list = (parts: unknown): Part[] => (Array.isArray(parts) ? parts : parts ? [parts] : []) as Part[]
const items = (part: Part): unknown[] => (Array.isArray(part.data) ? part.data : [])
const field = (item: unknown, name: string): unknown => (typeof item === 'object' && item !== null && !Array.isArray(item) ? (item as Record<string, unknown>)[name] : undefined)

function label(item: unknown): string {
  if (Array.isArray(item)) return String(item[0] ?? '')
  return String(field(item, 'name') ?? field(item, 'value') ?? (typeof item === 'object' ? '' : item ?? ''))
}

function value(item: unknown): string {
  const plain = field(item, 'value') ?? item
  return Array.isArray(plain) ? plain.slice(1).join(', ') : plain === null || plain === undefined ? '–' : String(plain)
}
