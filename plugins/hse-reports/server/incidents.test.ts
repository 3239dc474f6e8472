import { describe, expect, test } from 'vitest'
import { changedIncident, newIncident } from './incidents.ts'

const call = { now: '2026-06-15T10:00:00.000Z', user: { locale: 'en' } }
const valid = { type: 'lostTime', site: 'Platform A', description: 'A fall.', occurredAt: '2026-06-15T08:00:00.000Z' }
const refusalOf = (run: () => unknown): unknown => {
  try { run() } catch (error) { return error }
  return undefined
}

describe('a new incident', () => {
  test('is tidied: outer and double spaces go, the site keeps its capitals', () => {
    const incident = newIncident({ ...valid, site: '  Platform\t A ', description: ' One.  \r\n\r\n\r\n\r\n Two  three. ' }, call)
    expect(incident).toMatchObject({ site: 'Platform A', description: 'One.\n\nTwo three.' })
  })

  test('became known at entry when nobody says when, but never before it occurred', () => {
    expect(newIncident(valid, call).awareAt).toBe(call.now)
    expect(newIncident({ ...valid, occurredAt: '2026-06-15T10:04:00.000Z' }, call).awareAt).toBe('2026-06-15T10:04:00.000Z')
    expect(newIncident({ ...valid, awareAt: '2026-06-15T09:00:00+00:00' }, call).awareAt).toBe('2026-06-15T09:00:00+00:00')
  })

  test('has one injured person when it is an injury and none otherwise', () => {
    expect(newIncident(valid, call).injured).toBe(1)
    expect(newIncident({ ...valid, type: 'nearMiss' }, call).injured).toBe(0)
    expect(newIncident({ ...valid, injured: 20 }, call).injured).toBe(20)
  })

  test('cannot lie in the future, save for five minutes between clocks', () => {
    expect(newIncident({ ...valid, occurredAt: '2026-06-15T12:05:00+02:00' }, call).occurredAt).toBe('2026-06-15T12:05:00+02:00')
    expect(refusalOf(() => newIncident({ ...valid, occurredAt: '2026-06-15T10:05:00.001Z' }, call))).toMatchObject({ code: 'refused-by-module', field: 'occurredAt', message: expect.stringContaining('future') })
    expect(refusalOf(() => newIncident({ ...valid, awareAt: '2026-06-16T00:00:00Z' }, call))).toMatchObject({ field: 'awareAt' })
  })

  test('is refused in the language of the user', () => {
    const french = { ...call, user: { locale: 'fr-FR' } }
    expect(refusalOf(() => newIncident({ ...valid, occurredAt: '2027-01-01T00:00:00Z' }, french))).toMatchObject({ message: expect.stringContaining('futur') })
  })

  test('values that are no text or no time are left for validation to refuse', () => {
    const odd = { type: 7, site: null, occurredAt: 'yesterday', awareAt: false } as unknown as typeof valid
    expect(newIncident(odd, call)).toMatchObject({ type: 7, site: null, occurredAt: 'yesterday' })
  })
})

describe('a changed incident', () => {
  const record = { ...valid, awareAt: '2026-06-15T09:00:00.000Z', injured: 3 }

  test('is tidied and dated like a new one', () => {
    expect(changedIncident(record, { site: ' B ' }, call)).toEqual({ site: 'B' })
    expect(refusalOf(() => changedIncident(record, { occurredAt: '2026-06-16T00:00:00Z' }, call))).toMatchObject({ field: 'occurredAt' })
  })

  test('keeps its injured people when it becomes another injury and loses them otherwise', () => {
    expect(changedIncident(record, { type: 'medicalTreatment' }, call)).toEqual({ type: 'medicalTreatment', injured: 3 })
    expect(changedIncident(record, { type: 'nearMiss' }, call)).toEqual({ type: 'nearMiss', injured: 0 })
    expect(changedIncident({ ...record, type: 'nearMiss', injured: 0 }, { type: 'firstAid' }, call)).toEqual({ type: 'firstAid', injured: 1 })
  })
})
