import { expect, test } from 'vitest'
import { cellText, nextSort } from './table.ts'

test('choosing a head sorts ascending, then descending, then not', () => {
  const first = nextSort(undefined, 'site')
  const second = nextSort(first, 'site')
  expect([first, second, nextSort(second, 'site'), nextSort(first, 'at')]).toEqual([
    { key: 'site', direction: 'asc' }, { key: 'site', direction: 'desc' }, undefined, { key: 'at', direction: 'asc' },
  ])
})

test('nothing is shown as a dash, and zero is something', () => {
  expect([cellText(undefined), cellText(null), cellText(''), cellText(0)]).toEqual(['–', '–', '–', '0'])
})
