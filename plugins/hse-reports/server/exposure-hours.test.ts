import { expect, test } from 'vitest'
import { checkedHours } from './exposure-hours.ts'

const callAt = (now = '2026-06-15T10:00:00.000Z') => ({ now, user: { locale: 'en' } })
const input = { month: '2026-05-17', site: ' North ', employer: 'company', hours: 1200 }

test('hours are entered for the first of their month', () => {
  expect(checkedHours(input, callAt())).toEqual({ ...input, month: '2026-05-01', site: 'North' })
  expect(checkedHours({ hours: 5 } as object, callAt())).toEqual({ hours: 5 })
})

test('months that have not begun anywhere on earth are refused', () => {
  expect(() => checkedHours({ ...input, month: '2026-07-01' }, callAt())).toThrow(expect.objectContaining({ code: 'refused-by-module', field: 'month' }))
  expect(checkedHours({ ...input, month: '2026-07-01' }, callAt('2026-06-30T10:00:00.000Z'))).toMatchObject({ month: '2026-07-01' })
})
