import { field, OpsFluxError, type Fields, type Json } from '@opsflux/sdk'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaOfFields } from './field-schemas.ts'
import { validatorOf, type Validator } from './validator.ts'
import { bodyReaderOf, queryReaderOf } from './values-of-fields.ts'

function errorsOf(fields: Fields, values: Json, use: 'create' | 'update' = 'create'): string[] {
  const validate: Validator = validatorOf(fields, use)
  try {
    validate(values)
    return []
  } catch (error) {
    if (!(error instanceof OpsFluxError) || error.code !== 'validation-failed') throw error
    return (error.data['errors'] as { path: string; code: string }[]).map(({ path, code }) => `${path} ${code}`)
  }
}
const accepts = (one: Fields[string], value: Json): boolean => errorsOf({ value: one }, { value }).length === 0

describe('values of fields', () => {
  test('are refused all at once, each with a JSON Pointer', () => {
    const fields = { title: field.string({ required: true }), hours: field.integer(), 'a/b~c': field.boolean() }
    expect(errorsOf(fields, { hours: 'many', 'a/b~c': 1, 'x/y': 2, id: 'mine', __proto__x: 1 })).toEqual(['/title required', '/x~1y unknown', '/id unknown', '/__proto__x unknown', '/hours type', '/a~1b~0c type'])
    expect(errorsOf(fields, JSON.parse('{"title":"t","__proto__":{"x":1},"constructor":1}') as Json)).toEqual(['/__proto__ unknown', '/constructor unknown'])
    for (const wrong of [null, [], 'x', 1]) expect(errorsOf(fields, wrong)).toHaveLength(1)
  })

  test('are required at creation, may be left out of a change, and then may not be null', () => {
    const fields = { title: field.string({ required: true }), urgent: field.boolean({ required: true, default: false }), kind: field.enum(['a', 'b']), note: field.json({ required: true, default: {} }) }
    expect(errorsOf(fields, {})).toEqual(['/title required'])
    expect(errorsOf(fields, {}, 'update')).toEqual([])
    expect(errorsOf(fields, { title: null, urgent: null, kind: null, note: null }, 'update')).toEqual(['/title required', '/urgent required', '/note required'])
  })

  test('keep to the limits of their kind', () => {
    expect([accepts(field.string(), 'x'.repeat(255)), accepts(field.string(), 'x'.repeat(256)), accepts(field.string(), '😀'.repeat(255))]).toEqual([true, false, true])
    expect([accepts(field.text(), 'x'.repeat(20_000)), accepts(field.text(), 'x'.repeat(20_001)), accepts(field.string({ maxLength: 3 }), 'abcd')]).toEqual([true, false, false])
    expect([accepts(field.string(), 'a\0b'), accepts(field.text(), '\ud800'), accepts(field.string(), 5)]).toEqual([false, false, false])
    expect([2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 53, 1.5, '1', true].map((value) => accepts(field.integer(), value))).toEqual([true, true, false, false, false, false])
    expect([0, 10, -1, 11].map((value) => accepts(field.integer({ min: 0, max: 10 }), value))).toEqual([true, true, false, false])
    expect(['12.50', '-0.01', '999.99', '0'].every((value) => accepts(field.decimal({ precision: 5, scale: 2 }), value))).toBe(true)
    expect(['1000', '1.234', '01', '+1', '1.', '.5', '1e2', ' 1', '1\n', '', 'NaN'].some((value) => accepts(field.decimal({ precision: 5, scale: 2 }), value))).toBe(false)
    expect(accepts(field.decimal({ precision: 4, scale: 0 }), '1234') && !accepts(field.decimal({ precision: 4, scale: 0 }), '1.0')).toBe(true)
    expect(['a', 'c', '', 'A'].map((value) => accepts(field.enum(['a', 'b']), value))).toEqual([true, false, false, false])
    expect([accepts(field.reference('x'), 'abc'), accepts(field.user(), '0190f0f0-0000-7000-8000-00000000000G')]).toEqual([false, false])
  })

  test('are real days and instants', () => {
    expect(['2024-02-29', '0001-01-01', '9999-12-31'].every((value) => accepts(field.date(), value))).toBe(true)
    expect(['2023-02-29', '2024-13-01', '2024-00-10', '2024-04-31', '0000-01-01', '10000-01-01', '2024-1-1', '2024-01-01T00:00:00Z'].some((value) => accepts(field.date(), value))).toBe(false)
    expect(['2024-02-29T23:59:59Z', '2024-02-29t23:59:59.123456z', '2024-02-29T00:00:00+14:00'].every((value) => accepts(field.datetime(), value))).toBe(true)
    expect(['2024-02-30T00:00:00Z', '2024-02-29T24:00:00Z', '2024-02-29T00:00:60Z', '2024-02-29T00:00:00', '2024-02-29', '9999-12-31T23:59:59-01:00', '0001-01-01T00:00:00+01:00', 'now', 'infinity']
      .some((value) => accepts(field.datetime(), value))).toBe(false)
  })

  test('of JSON fields are at most 64 KiB and 100 levels, without NUL in texts and keys', () => {
    const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)])
    expect([{ a: [1, 'é', null] }, 0, false, '', 'x'.repeat(65_534), deep(100)].every((value) => accepts(field.json(), value))).toBe(true)
    expect(['x'.repeat(65_535), 'é'.repeat(40_000), deep(101), deep(5_000), 'a\0', { 'a\0': 1 }, ['\udc00']].some((value) => accepts(field.json(), value))).toBe(false)
  })

  test('of several parts are told apart by the path into them', () => {
    const fields = { price: field.money({ min: 0, max: 1000, currencies: ['EUR', 'XAF'] }), fee: field.money(), outage: field.timeRange(), place: field.geoPoint({ required: true }) }
    const good = { price: { minor: 1000, currency: 'XAF' }, fee: { minor: -(2 ** 53) + 1, currency: 'XDR' }, outage: { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00.000001Z' }, place: { lat: -90, lng: 180 } }
    expect(errorsOf(fields, good)).toEqual([])
    expect(errorsOf(fields, { price: null, fee: null, outage: { from: '2026-01-01T00:00:00Z', to: null }, place: { lat: 0, lng: 0 } })).toEqual([])
    expect(errorsOf(fields, { price: { minor: -1, currency: 'USD' }, fee: { minor: 1.5, currency: 'eur' }, outage: { from: '2026-01-02T00:00:00Z', to: '2026-01-02T01:00:00+01:00' }, place: { lat: 90.1, lng: -181 } })).toEqual([
      '/price/minor too-small', '/price/currency enum', '/fee/minor type', '/fee/currency format', '/outage/to too-small', '/place/lat too-large', '/place/lng too-small'])
    expect(errorsOf(fields, { price: { minor: 1 }, fee: 12, outage: { from: 'now', to: 'later', by: 1 }, place: null })).toEqual(['/price/currency required', '/fee type', '/outage/by unknown', '/outage/from format', '/outage/to format', '/place required'])
    expect(errorsOf(fields, { price: { minor: null, currency: 'EUR' }, outage: { from: null, to: null }, place: [1, 2] })).toEqual(['/price/minor required', '/outage/from required', '/place type'])
    expect([['.9999996Z', '2026-01-01T00:00:01.0000001Z'], ['.999999Z', '2026-01-01T00:00:01Z']].map(([end, to = '']) => accepts(field.timeRange(), { from: `2026-01-01T00:00:00${end}`, to }))).toEqual([false, true])
    expect(['XAU', 'XTS', 'CHF', 'ABC', 'EURO', ''].map((currency) => accepts(field.money(), { minor: 1, currency }))).toEqual([true, true, true, false, false, false])
  })

  test('of instants in a zone have the offset of that zone then', () => {
    const zoned = ['2026-03-01T09:30:00+01:00[Africa/Libreville]', '2026-07-01T10:00:00.123456+02:00[Europe/Paris]', '2026-01-01T00:00:00Z[America/St_Johns]', '2026-01-01T00:00:00+00:00[!UTC]', '2026-01-01T00:00:00-03:30[America/St_Johns]', '1950-01-01T00:00:00-00:45[Africa/Monrovia]']
    expect(zoned.map((value) => accepts(field.zonedDatetime(), value))).toEqual(zoned.map(() => true))
    for (const wrong of ['2026-07-01T10:00:00+01:00[Europe/Paris]', '2026-07-01T10:00:00[Europe/Paris]', '2026-07-01T10:00:00+02:00', '2026-07-01T10:00:00+02:00[Europe/Atlantis]', '2026-07-01T10:00:00+02:00[+02:00]', '2026-02-30T10:00:00+01:00[Europe/Paris]',
      '2026-07-01T10:00:00+02:00[Europe/Paris][u-ca=hebrew]', `2026-07-01T10:00:00Z[${'a'.repeat(65)}]`, '']) expect(accepts(field.zonedDatetime(), wrong), wrong).toBe(false)
  })

  test('of links name up to 200 records once', () => {
    const ids = Array.from({ length: 201 }, (_, at) => `0190f0f0-0000-7000-8000-${String(at).padStart(12, '0')}`)
    expect([[], ids.slice(1), ids, [ids[0] ?? '', ids[0] ?? ''], ['0190f0f0-0000-7000-8000-00000000000A', '0190f0f0-0000-7000-8000-00000000000a'], null, 'x', ['x']].map((value) => accepts(field.manyToMany('x'), value))).toEqual([true, true, false, false, false, false, false, false])
    expect(errorsOf({ tags: field.manyToMany('x') }, { tags: [ids[0] ?? '', 'x', null] })).toEqual(['/tags/1 format', '/tags/2 required'])
  })

  test('keep to the limits of the further kinds', () => {
    expect([accepts(field.richText(), 'x'.repeat(100_000)), accepts(field.richText(), 'x'.repeat(100_001)), accepts(field.encrypted(), 'x'.repeat(1_000)), accepts(field.encrypted(), 'x'.repeat(1_001)), accepts(field.encrypted(), 'a\0')]).toEqual([true, false, true, false, false])
    expect([0, 59, 60, 1.5, '60'].map((value) => accepts(field.duration({ min: 60 }), value))).toEqual([false, false, true, false, false])
    for (const kind of [field.company(), field.department(), field.file()]) expect([accepts(kind, '0190f0f0-0000-7000-8000-000000000001'), accepts(kind, 'x')]).toEqual([true, false])
  })

  test('of sequences and of what is computed cannot be given', () => {
    expect(errorsOf({ number: field.sequence('A-{number}'), total: field.computed('integer', '1 + 1'), a: field.string() }, { number: 'A-1', total: 2, a: 'x' })).toEqual(['/number unknown', '/total unknown'])
  })

  test('of JSON with a schema fit it, and only the first error is told', () => {
    const limits = field.json({ schema: { type: 'object', properties: { hours: { type: 'array', items: { type: 'integer' }, maxItems: 2 }, on: { format: 'date' }, plan: { anyOf: [{ const: 'a' }, { required: ['b'] }] } }, required: ['hours'], additionalProperties: false } })
    expect([{ hours: [1, 2] }, { hours: [], on: '2026-02-28', plan: 'a' }, null].map((value) => accepts(limits, value))).toEqual([true, true, true])
    expect([errorsOf({ limits }, { limits: { hours: [1, 'x', 'y'] } }), errorsOf({ limits }, { limits: {} }), errorsOf({ limits }, { limits: { hours: [], on: '2026-02-30' } }), errorsOf({ limits }, { limits: { hours: [], 'a/b': 1 } }), errorsOf({ limits }, { limits: [] })])
      .toEqual([['/limits/hours too-many'], ['/limits/hours required'], ['/limits/on format'], ['/limits/a~1b unknown'], ['/limits type']])
    expect(accepts(field.json({ required: true, schema: { type: ['null', 'string'] } }), null)).toBe(false)
    expect(accepts(field.json({ schema: {} }), 'x'.repeat(65_535))).toBe(false)
  })

  test('match the whole of a pattern, and a pattern that would run for hours is stopped', () => {
    expect(['WO-12', 'xWO-12', 'WO-12\n', 'WO-1|'].map((value) => accepts(field.string({ pattern: 'WO-\\d+|X' }), value))).toEqual([true, false, false, false])
    expect(accepts(field.string({ pattern: '(a+)+' }), `${'a'.repeat(60)}b`)).toBe(false)
  })

  test('accept every JSON that PostgreSQL can store and no field that was not declared', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 5, noNullPrototype: true } as object), fc.string(), (value, name) => {
      const storable = !JSON.stringify(value).includes('\\u0000') && !/\\ud[89a-f]/.test(JSON.stringify(value))
      if (storable) expect(accepts(field.json(), value as Json)).toBe(true)
      if (name !== 'value') expect(errorsOf({ value: field.json() }, JSON.parse(`{${JSON.stringify(name)}:1}`) as Json)).toHaveLength(1)
    }))
  })
})

describe('values of routes', () => {
  const fields = { from: field.date(), limit: field.integer({ max: 10, default: 5 }), deep: field.boolean(), site: field.string({ required: true }), shape: field.json() }

  test('are read from the text of a query', () => {
    const read = queryReaderOf(fields)
    expect(read({ site: '12', limit: '7', deep: 'false', from: '', shape: '{"a":1}' })).toEqual({ site: '12', limit: 7, deep: false, shape: { a: 1 } })
    expect(read({ site: 'x' })).toEqual({ site: 'x', limit: 5 })
    for (const wrong of [{ site: 'x', limit: '0x5' }, { site: 'x', limit: '11' }, { site: 'x', deep: '1' }, { site: ['x', 'y'] }, { site: 'x', other: '1' }, { limit: '1' }]) {
      expect(() => read(wrong)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    }
  })

  test('are read from a body with their defaults', () => {
    expect(bodyReaderOf(fields)({ site: 'x' })).toEqual({ site: 'x', limit: 5 })
    expect(() => bodyReaderOf(fields)({ site: 'x', limit: '7' })).toThrow(expect.objectContaining({ code: 'validation-failed' }))
    expect(() => bodyReaderOf(fields)([])).toThrow(expect.objectContaining({ code: 'validation-failed' }))
  })
})

test('the schema of fields is a closed object', () => {
  expect(schemaOfFields({ kind: field.enum(['a']), hours: field.integer({ required: true, min: 1 }) })).toEqual({
    type: 'object', required: ['hours'], additionalProperties: false,
    properties: { kind: { type: ['string', 'null'], enum: ['a', null] }, hours: { type: 'integer', minimum: 1, maximum: 9_007_199_254_740_991 } },
  })
})
