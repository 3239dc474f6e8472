import { describe, expect, test } from 'vitest'
import { bothBases, millionBase, oshaBase, rate, summarise, total, type MonthExposure } from './rates.ts'

const cases = (recordable: number, hours: number, lostTimeInjuries = 0) => ({ recordable, hours, lostTimeInjuries, fatalities: 0 })
const month = (name: string, recordable: number, hours: number): MonthExposure => ({ month: name, incidents: {}, ...cases(recordable, hours) })

describe('rates (MODULES §2, golden numbers)', () => {
  test('5 recordable cases in 500,000 h are 2.00 on the OSHA basis and 10.00 per million', () => {
    const { osha, perMillion } = bothBases(cases(5, 500_000))
    expect([osha.trir, perMillion.trir]).toEqual([2, 10])
  })

  test('2 lost time injuries in 1.25 million h are an LTIF of 1.60 per million', () => {
    expect(bothBases(cases(2, 1_250_000, 2)).perMillion.ltif).toBeCloseTo(1.6, 12)
  })

  test('three years are all cases over all hours, 4.00, not the mean of the yearly rates, 4.15', () => {
    const years = [cases(2, 90_000), cases(0, 110_000), cases(4, 100_000)]
    expect(bothBases(total(years)).osha.trir).toBe(4)
    const mean = years.reduce((sum, year) => sum + (bothBases(year).osha.trir ?? 0), 0) / years.length
    expect(mean).toBeCloseTo(4.15, 2)
  })

  test('without hours a rate is undefined, with hours and no case it is 0', () => {
    expect(bothBases(cases(3, 0))).toEqual({ osha: { trir: null, ltif: null }, perMillion: { trir: null, ltif: null } })
    expect(rate(0, 1000, oshaBase)).toBe(0)
    expect(rate(1, -5, millionBase)).toBeNull()
  })
})

describe('the summary of a period', () => {
  const months = [month('2024-11', 1, 100_000), month('2024-12', 0, 100_000), month('2025-01', 2, 0), month('2025-02', 1, 200_000)]
  const summary = summarise({ from: '2024-01', to: '2025-12' }, months)

  test('adds months to years and to the whole', () => {
    expect(summary).toMatchObject({ hours: 400_000, recordable: 4, osha: { trir: 2 }, period: { from: '2024-01', to: '2025-12' } })
    expect(summary.years.map(({ year, recordable, hours }) => [year, recordable, hours])).toEqual([['2024', 1, 200_000], ['2025', 3, 200_000]])
  })

  test('names the months that have cases but no hours', () => {
    expect(summary.monthsWithoutHours).toEqual(['2025-01'])
    expect(summary.months[2]?.osha.trir).toBeNull()
  })

  test('rolls over twelve months and forgets the thirteenth', () => {
    const year = Array.from({ length: 13 }, (_one, at) => month(`m${at}`, at === 0 ? 12 : 1, 10_000))
    const { months: rolled } = summarise({ from: '', to: '' }, year)
    expect(rolled[11]?.rolling.osha.trir).toBeCloseTo((23 * 200_000) / 120_000, 12)
    expect(rolled[12]?.rolling.osha.trir).toBeCloseTo((12 * 200_000) / 120_000, 12)
  })
})
