import { expect, test } from 'vitest'
import { findCycles } from './cycles.ts'

test('a chain and a diamond have no cycle', () => {
  expect(findCycles([['a', 'b'], ['a', 'c'], ['b', 'd'], ['c', 'd']])).toEqual([])
})

test('two cycles that do not touch are two, and a node that points to itself is one', () => {
  const found = findCycles([['a', 'b'], ['b', 'c'], ['c', 'a'], ['c', 'd'], ['d', 'e'], ['e', 'd'], ['f', 'f']])
  expect(found.map((cycle) => cycle.toSorted().join('')).toSorted()).toEqual(['abc', 'de', 'f'])
})
