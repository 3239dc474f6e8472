import { limitTable } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { completeLimits, defaultLimits, ownMsOf, wallMsOf } from './limits.ts'

test('the defaults are those of the SDK', () => {
  expect(defaultLimits).toMatchObject(Object.fromEntries(Object.entries(limitTable).map(([name, limit]) => [name, limit.default])))
})

test('what follows from another limit follows it, unless it is given', () => {
  expect(completeLimits({ callMs: 20_000, memoryMb: 1024, messageBytes: 8_000_000 })).toMatchObject({ wallMs: 40_000, isolateMb: 256, callBytes: 32_000_000, waitingBytes: 16_000_000 })
  expect(completeLimits({ callMs: 20_000, wallMs: 5000 })).toMatchObject({ wallMs: 5000 })
})

test('jobs have their own time, and twice of it for everything', () => {
  const limits = completeLimits({ callMs: 100, jobMs: 60_000 })
  expect([ownMsOf('route:a', limits), ownMsOf('job:a', limits)]).toEqual([100, 60_000])
  expect([wallMsOf('hook:a.beforeCreate', limits), wallMsOf('job:a', limits)]).toEqual([15_000, 120_000])
})

test('what is not a number is refused: nothing would ever be over it', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) expect(() => completeLimits({ callMs: value })).toThrow(RangeError)
})
