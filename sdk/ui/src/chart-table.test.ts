import { expect, test } from 'vitest'
import { chartTable } from './chart-table.ts'

test('a chart with axes reads as categories down and series across', () => {
  const option = { xAxis: { type: 'category', data: ['Jan', 'Feb'] }, yAxis: {}, series: [{ name: 'TRIR', type: 'bar', data: [1.2, null] }, { name: 'LTIF', type: 'line', data: [{ value: 0.4 }, 0] }] }
  expect(chartTable(option)).toEqual({ head: ['', 'TRIR', 'LTIF'], rows: [['Jan', '1.2', '0.4'], ['Feb', '–', '0']] })
})

test('a pie reads as names and values', () => {
  expect(chartTable({ series: { type: 'pie', data: [{ name: 'Fall', value: 3 }, { name: 'Fire', value: 1 }] } }).rows).toEqual([['Fall', '3'], ['Fire', '1']])
})

test('points with two numbers read as the first and the rest', () => {
  expect(chartTable({ xAxis: { type: 'value' }, yAxis: {}, series: [{ type: 'scatter', data: [[1, 2], [3, 4]] }] }).rows).toEqual([['1', '2'], ['3', '4']])
})
