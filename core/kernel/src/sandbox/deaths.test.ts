import { expect, test } from 'vitest'
import { DeathRecord } from './deaths.ts'

test('the first death costs no delay, the next ones double theirs up to ten seconds', () => {
  const record = new DeathRecord()
  const delays = Array.from({ length: 9 }, (_, index) => {
    record.add(index * 400_000)
    return record.delayMs
  })
  expect(delays).toEqual([0, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
})

test('three deaths within ten minutes stop, three over a longer time do not', () => {
  const slow = new DeathRecord()
  for (const time of [0, 300_000, 600_001]) slow.add(time)
  expect(slow.shouldStop).toBe(false)
  slow.add(600_002)
  expect(slow.shouldStop).toBe(true)
  slow.clear()
  expect(slow.shouldStop).toBe(false)
})

test('a call that succeeded ends the row of deaths but does not forget them', () => {
  const record = new DeathRecord()
  record.add(0)
  record.succeeded()
  record.add(1)
  expect(record.delayMs).toBe(0)
  expect(record.add(2)).toBe(3)
})
