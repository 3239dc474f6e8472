import { describe, expect, test } from 'vitest'
import { limitTable } from '@opsflux/sdk'
import { changedFigures, defaultCeilings, moduleLimits } from './limits.ts'

const value = (asked: number | undefined, chosen: number | undefined, ceiling: number): number | undefined =>
  moduleLimits(asked === undefined ? {} : { memoryMb: asked }, chosen === undefined ? {} : { memoryMb: chosen }, { ...defaultCeilings(), memoryMb: ceiling }).find(({ name }) => name === 'memoryMb')?.value

describe('the limit that binds', () => {
  test.each([
    [undefined, undefined, 512, 256],
    [300, undefined, 512, 300],
    [300, 128, 512, 128],
    [undefined, 400, 512, 400],
    [600, undefined, 512, 512],
    [undefined, 500, 200, 200],
    [undefined, undefined, 128, 128],
    [1, undefined, 512, 96],
  ])('asked for %s, chosen %s, ceiling %s: %s', (asked, chosen, ceiling, bound) => {
    expect(value(asked, chosen, ceiling)).toBe(bound)
  })

  test('is there for every figure of the table', () => {
    expect(moduleLimits({}, {}, defaultCeilings()).map(({ name, value: bound }) => [name, bound])).toEqual(Object.entries(limitTable).map(([name, figure]) => [name, figure.default]))
  })
})

describe('a figure an admin chooses', () => {
  const most = (): number => 512
  test.each([[96], [97], [511], [512]])('of %i within its bounds is taken', (memoryMb) => {
    expect(changedFigures({}, { memoryMb }, most)).toEqual({ memoryMb })
  })

  test.each([[95], [513], [0], [-1], [100.5], [Number.NaN], [Number.POSITIVE_INFINITY]])('of %d is refused', (memoryMb) => {
    expect(() => changedFigures({}, { memoryMb }, most)).toThrow(expect.objectContaining({ code: 'validation-failed', data: { errors: [expect.objectContaining({ path: '/memoryMb' })] } }))
  })

  test('goes back to what was without it by null, and leaves the others', () => {
    expect(changedFigures({ memoryMb: 128, callMs: 200 }, { memoryMb: null }, most)).toEqual({ callMs: 200 })
  })
})
