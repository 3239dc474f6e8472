import type { Json } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { toStatement, sql } from '../database/sql.ts'
import { conditionsOf } from './conditions.ts'
import { ReleaseEntities } from './release-entities.ts'
import { manifest } from './test-fixture.ts'
import { uuidV7 } from './uuid.ts'

const asset = new ReleaseEntities(manifest).entity('asset')
const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

test('values are parameters, and nothing of a request becomes SQL', () => {
  const nasty = "'); drop table x; --"
  const { text, values } = toStatement(sql.join(conditionsOf(asset, { name: { eq: nasty, contains: nasty, in: [nasty], between: [nasty, 'z'] }, 'price.currency': nasty, 'nextCheck.zone': nasty }), ' and '))
  expect(text).not.toContain('drop')
  expect(values.length).toBeGreaterThan(5)
})

const testsOf = (name: string): [string, Json][] => ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in', 'nin'].map((operator) => {
  const value = asset.columns.get(name)?.type === 'bigint' ? 1 : '1'
  return [operator, operator === 'in' || operator === 'nin' ? [value] : value]
})

test('a query takes up to 50 conditions, lists up to 1,000 values, and texts up to 20,000 characters', () => {
  const names = ['name', 'remarks', 'manual', 'tag', 'weight', 'downtime', 'parts']
  const many = (count: number) => Object.fromEntries(names.map((name, place) => [name, Object.fromEntries(testsOf(name).slice(0, Math.max(0, count - place * 8)))]))
  expect(conditionsOf(asset, many(50))).toHaveLength(50)
  expect(() => conditionsOf(asset, many(51))).toThrow(/at most 50/)
  expect(conditionsOf(asset, { parts: { in: numbers(1_000) } })).toHaveLength(1)
  for (const operator of ['in', 'nin']) expect(() => conditionsOf(asset, { parts: { [operator]: numbers(1_001) } })).toThrow(/at most 1000/)
  expect(() => conditionsOf(asset, { sites: { has: numbers(1_001).map(() => uuidV7()) } })).toThrow(/at most 1000/)
  expect(conditionsOf(asset, { name: 'x'.repeat(20_000) })).toHaveLength(1)
  expect(() => conditionsOf(asset, { name: 'x'.repeat(20_001) })).toThrow(expect.objectContaining({ code: 'invalid-request' }))
})

test.each<[string, Json]>([
  ['settings', { eq: {} }], ['notes', 'x'], ['pin', 'x'], ['pin', { contains: 'x' }], ['sites', uuidV7()], ['sites', { ne: uuidV7() }], ['sites', { has: 'x' }], ['sites', { in: [] }], ['notes', { nin: [] }], ['parts', { has: uuidV7() }], ['parts', { overlaps: { from: '2026-01-01T00:00:00Z', to: null } }], ['name', { near: { lat: 0, lng: 0, metres: 1 } }],
  ['place', { near: { lat: 0, lng: 0 } }], ['place', { near: { lat: 91, lng: 0, metres: 1 } }], ['place', { near: { lat: 0, lng: 0, metres: -1 } }], ['place', { near: { lat: 0, lng: 0, metres: 20_015_116 } }], ['place', { near: { lat: 0, lng: 0, metres: 1, feet: 2 } }], ['place', { near: null }], ['place', { lt: { lat: 0, lng: 0 } }], ['place', { lat: 1 }],
  ['outage', { overlaps: { from: '2026-01-01T00:00:00Z', to: '2025-01-01T00:00:00Z' } }], ['outage', { overlaps: { from: '2026-01-01T00:00:00Z' } }], ['outage', { gt: { from: '2026-01-01T00:00:00Z', to: null } }], ['outage', '2026-01-01T00:00:00Z'], ['outage', { from: "2026-01-01T00:00:00Z',now()", to: null }],
  ['price', '100'], ['price', { eq: { minor: 1, currency: 'eur' } }], ['price', { in: [{ minor: 1, currency: 'EUR' }, 5] }], ['price', { minor: 1 }], ['price', { contains: '1' }], ['price', 1.5], ['name', { between: ['a'] }], ['name', { between: 'ab' }], ['active', { between: [false, true] }], ['risk', { gt: 'low' }], ['risk', { startsWith: 'l' }], ['site', { lt: uuidV7() }],
  ['nextCheck', '2026-03-01T09:30:00+05:00[Europe/Paris]'], ['nextCheck', { eq: '2026-03-01' }], ['downtime', '60'], ['tag', 5], ['company', 'x'], ['name', { null: 'true' }], ['name', { startsWith: 5 }], ['name', { in: 'x' }], ['name', [['x']]], ['name', 'a\0'], ['custom', { eq: {} }], ['custom.badge', 'x'], ['price.amount', 1], ['weight', 'NaN'], ['weight', '1e5'], ['checkedAt', 'infinity'],
])('%s cannot be tested with %j', (field, given) => {
  expect(() => conditionsOf(asset, { [field]: given })).toThrow(expect.objectContaining({ code: 'invalid-request' }))
})
