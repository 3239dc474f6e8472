import { expect, test } from 'vitest'
import { toDay, toInstant } from './dates.ts'

test('a date is read in its time zone, in summer and in winter', () => {
  expect(toInstant('05-03-2026 07:40', 'dd-MM-yyyy HH:mm', 'UTC')).toBe('2026-03-05T07:40:00.000Z')
  expect(toInstant('05-01-2026 07:40', 'dd-MM-yyyy HH:mm', 'Europe/Paris')).toBe('2026-01-05T06:40:00.000Z')
  expect(toInstant('05-07-2026 07:40', 'dd-MM-yyyy HH:mm', 'Europe/Paris')).toBe('2026-07-05T05:40:00.000Z')
  expect(toInstant('2026/07/05 23:59:58', 'yyyy/MM/dd HH:mm:ss', 'America/Lima')).toBe('2026-07-06T04:59:58.000Z')
})

test('around a clock change the offset is that of the day itself', () => {
  expect(toInstant('29-03-2026 01:30', 'dd-MM-yyyy HH:mm', 'Europe/Paris')).toBe('2026-03-29T00:30:00.000Z')
  expect(toInstant('29-03-2026 03:30', 'dd-MM-yyyy HH:mm', 'Europe/Paris')).toBe('2026-03-29T01:30:00.000Z')
})

test('what is no such date is undefined', () => {
  for (const text of ['31-02-2026 00:00', '1-2-2026 00:00', '01-02-2026', '01-13-2026 00:00', '01-02-2026 24:00', 'soon']) expect(toInstant(text, 'dd-MM-yyyy HH:mm', 'UTC'), text).toBeUndefined()
  expect(toDay('03/2026', 'MM/yyyy')).toBe('2026-03-01')
  expect(toDay('2026-02-30', 'yyyy-MM-dd')).toBeUndefined()
})
