import type { AggregateRow } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { ratesOf } from './rates-route.ts'

type Call = Parameters<typeof ratesOf>[1]
const row = (group: AggregateRow['group'], count: number, sum: AggregateRow['sum'] = {}): AggregateRow => ({ group, count, sum, avg: {}, min: {}, max: {} })

/** Answers the three questions the route asks and keeps what they were asked with. */
function database(hours: AggregateRow[], cases: AggregateRow[], severities: AggregateRow[]) {
  const asked: unknown[] = []
  const db = {
    exposureHours: { aggregate: async (question: unknown) => (asked.push(question), hours) },
    incident: { aggregate: async (question: { sum?: unknown }) => (asked.push(question), question.sum ? cases : severities) },
  }
  return { asked, call: { db, now: '2026-06-15T10:00:00.000Z', user: { locale: 'en' } } as unknown as Call }
}

test('each injured person is a case, first aid is none, and months without anything are filled in', async () => {
  const { call } = database(
    [row({ month: '2026-01-01' }, 2, { hours: '300000' }), row({ month: '2026-03-01' }, 1, { hours: '200000' })],
    [row({ occurredAt: '2026-01', type: 'lostTime' }, 1, { injured: '2' }), row({ occurredAt: '2026-03', type: 'fatality' }, 1, { injured: '1' }), row({ occurredAt: '2026-03', type: 'medicalTreatment' }, 2, { injured: '2' })],
    [row({ occurredAt: '2026-01', actualSeverity: 'IV' }, 1), row({ occurredAt: '2026-03', actualSeverity: 'I' }, 7)],
  )
  const answer = await ratesOf({}, call)
  expect(answer).toMatchObject({ hours: 500_000, recordable: 5, lostTimeInjuries: 3, fatalities: 1, osha: { trir: 2, ltif: 1.2 }, perMillion: { trir: 10, ltif: 6 }, monthsWithoutHours: [] })
  expect(answer.months.map(({ month, hours, incidents }) => [month, hours, incidents])).toEqual([['2026-01', 300_000, { IV: 1 }], ['2026-02', 0, {}], ['2026-03', 200_000, { I: 7 }]])
})

test('a period takes whole months, and its default is the ten years to this month', async () => {
  const { asked, call } = database([], [], [])
  expect((await ratesOf({ from: '2025-03-20', to: '2025-12-02', site: 'North' }, call)).period).toEqual({ from: '2025-03', to: '2025-12' })
  expect(asked[0]).toMatchObject({ where: { site: 'North', month: { gte: '2025-03-01', lt: '2026-01-01' } } })
  expect(asked[1]).toMatchObject({ where: { occurredAt: { gte: '2025-03-01T00:00:00.000Z', lt: '2026-01-01T00:00:00.000Z' } } })
  expect((await ratesOf({}, call)).period).toEqual({ from: '2016-07', to: '2026-06' })
})

test('nothing known answers no months and undefined rates', async () => {
  const { call } = database([], [], [])
  expect(await ratesOf({}, call)).toMatchObject({ months: [], years: [], hours: 0, osha: { trir: null, ltif: null }, perMillion: { trir: null, ltif: null } })
})

test('a period that ends before it begins or is longer than ten years is refused', async () => {
  const { call } = database([], [], [])
  await expect(ratesOf({ from: '2026-02-01', to: '2026-01-01' }, call)).rejects.toMatchObject({ code: 'refused-by-module', field: 'from' })
  await expect(ratesOf({ from: '2001-01-01', to: '2026-01-01' }, call)).rejects.toMatchObject({ code: 'refused-by-module', field: 'from' })
})
