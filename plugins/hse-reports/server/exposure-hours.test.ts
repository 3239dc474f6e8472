import { expect, test } from 'vitest'
import { checkedHours } from './exposure-hours.ts'

type Call = Parameters<typeof checkedHours>[1]
const callWith = (known: { id: string }[], now = '2026-06-15T10:00:00.000Z'): Call =>
  ({ db: { exposureHours: { find: async () => known } }, now, user: { locale: 'en' } }) as unknown as Call
const input = { month: '2026-05-17', site: ' North ', employer: 'company' as const, hours: 1200 }

test('hours are entered for the first of their month', async () => {
  expect(await checkedHours(input, callWith([]))).toEqual({ ...input, month: '2026-05-01', site: 'North' })
})

test('months that have not begun anywhere on earth are refused', async () => {
  await expect(checkedHours({ ...input, month: '2026-07-01' }, callWith([]))).rejects.toMatchObject({ code: 'refused-by-module', field: 'month' })
  expect(await checkedHours({ ...input, month: '2026-07-01' }, callWith([], '2026-06-30T10:00:00.000Z'))).toMatchObject({ month: '2026-07-01' })
})

test('a second entry for month, site and employer is refused, a change of the first is not', async () => {
  await expect(checkedHours(input, callWith([{ id: 'known' }]))).rejects.toMatchObject({ field: 'month' })
  expect(await checkedHours({ hours: 5 }, callWith([{ id: 'known' }]), { id: 'known', ...input })).toEqual({ hours: 5 })
})
