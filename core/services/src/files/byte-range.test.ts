import { expect, test } from 'vitest'
import { byteRangeOf } from './byte-range.ts'

test.each([
  ['bytes=0-3', { start: 0, end: 3 }], ['bytes=4-', { start: 4, end: 9 }], ['bytes=-2', { start: 8, end: 9 }], ['bytes=-99', { start: 0, end: 9 }], ['bytes=9-9', { start: 9, end: 9 }], ['bytes=5-999', { start: 5, end: 9 }],
  ['bytes=10-', 'unsatisfiable'], ['bytes=10-20', 'unsatisfiable'], ['bytes=-0', 'unsatisfiable'],
  ['', 'whole'], ['bytes=-', 'whole'], ['bytes=3-2', 'whole'], ['bytes=0-1,4-5', 'whole'], ['lines=0-1', 'whole'], ['bytes=a-b', 'whole'], ['bytes=0-99999999999999999999', 'whole'],
] as const)('of ten bytes, "%s" asks for %o', (header, range) => {
  expect(byteRangeOf(header, 10)).toEqual(range)
})
