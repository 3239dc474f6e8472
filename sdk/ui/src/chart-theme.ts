import type { EChartsCoreOption } from 'echarts/core'

/** ECharts theme out of the kit's tokens as they are now, light or dark. */
export function chartTheme(element: Element): EChartsCoreOption {
  const style = getComputedStyle(element)
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  const axis = {
    axisLine: { lineStyle: { color: token('border') } }, axisTick: { show: false },
    axisLabel: { color: token('muted-foreground') }, splitLine: { lineStyle: { color: token('border') } }, nameTextStyle: { color: token('muted-foreground') },
  }
  return {
    color: [1, 2, 3, 4, 5, 6].map((index) => token(`chart-${index}`)),
    backgroundColor: 'transparent',
    textStyle: { fontFamily: style.fontFamily, color: token('foreground') },
    title: { textStyle: { color: token('foreground'), fontSize: 14 } },
    legend: { top: 0, bottom: 'auto', left: 0, textStyle: { color: token('muted-foreground') }, icon: 'roundRect', itemWidth: 10, itemHeight: 10 },
    tooltip: { backgroundColor: token('card'), borderColor: token('border'), textStyle: { color: token('foreground') } },
    categoryAxis: axis, valueAxis: axis, timeAxis: axis, logAxis: axis,
  }
}

/** The plot of a chart with axes fills its box; labels stay inside it. */
export const chartGrid = (hasLegend: boolean) => ({ left: 8, right: 16, top: hasLegend ? 40 : 12, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' })
