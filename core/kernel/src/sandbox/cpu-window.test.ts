import { expect, test } from 'vitest'
import { CpuWindow } from './cpu-window.ts'

test('what was used within the last minute adds up, and what is older is forgotten', () => {
  const window = new CpuWindow()
  expect(window.add(100, 0)).toBe(100)
  expect(window.add(50, 400)).toBe(150)
  expect(window.add(10, 30_000)).toBe(160)
  expect(window.add(1, 59_900)).toBe(161)
  expect(window.add(1, 60_100)).toBe(12)
  expect(window.add(0, 200_000)).toBe(0)
})

test('many looks within a minute are kept by the second', () => {
  const window = new CpuWindow()
  let sum = 0
  for (let at = 0; at <= 180_000; at += 50) sum = window.add(25, at)
  expect(sum).toBeGreaterThan(25 * 20 * 59)
  expect(sum).toBeLessThanOrEqual(25 * 20 * 60)
})

test('a death pays for all of it', () => {
  const window = new CpuWindow()
  window.add(1000, 0)
  window.clear()
  expect(window.add(1, 10)).toBe(1)
})
