import { featuresOf, field, fieldKinds, type FieldDeclaration, type Fields } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { columnsOf, rowToJson, rowToRecord } from './columns.ts'
import { manifest, sealer } from './test-fixture.ts'

const features = featuresOf({ fields: {} })

test('columns are the snake_case of the fields, after those of the host', () => {
  const fields = { dueDate: field.date(), x2Y: field.text() }
  const states = { initial: 'a', values: ['a'], transitions: {} }
  const names = (more: object): string[] => [...columnsOf({ name: 'workOrder', fields, states, ...more }, 'test-works').values()].map((column) => column.name)
  expect(names({})).toEqual(['id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'state', 'due_date', 'x2_y'])
  expect(names({ features })).toEqual(['id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'deleted_at', 'deleted_by', 'custom', 'state', 'due_date', 'x2_y'])
})

test('there is a column for every kind of field, and the host writes its own, sequences and what is computed', () => {
  const asset = manifest.entities[2] ?? { name: '', fields: {} }
  const columns = [...columnsOf(asset, manifest.id, sealer).values()]
  expect(new Set(columns.map(({ declaration }) => declaration?.kind))).toEqual(new Set([undefined, ...fieldKinds]))
  expect(columns.filter(({ isWritable }) => !isWritable).map((column) => column.field)).toEqual(['id', 'revision', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'deletedAt', 'deletedBy', 'state', 'tag', 'total'])
  expect(columns.filter(({ isSortable }) => !isSortable).map((column) => column.field)).toEqual(['custom', 'settings', 'notes', 'sites', 'permits', 'place', 'pin'])
})

test.each<[string, FieldDeclaration]>([
  ['createdBy', field.user()], ['tenantId', field.user()], ['state', field.string()], ['id', field.string()], ['a"b', field.string()], ['Title', field.string()], ['__proto__', field.string()], ['a_b', field.string()],
  ['x'.repeat(51), field.string()], ['', field.string()], ['odd', { kind: 'uuid; drop' as 'text' }], ['odd', { kind: 'toString' as 'text' }],
])('an entity cannot declare the field "%s"', (name, declaration) => {
  expect(() => columnsOf({ name: 'workOrder', fields: Object.fromEntries([[name, declaration]]) }, 'test-works')).toThrow(expect.objectContaining({ code: 'package-refused' }))
})

test('two fields cannot share a column, and only entities with features leave those of features to the host', () => {
  const of = (fields: Fields, more: object = {}) => () => columnsOf({ name: 'boat', fields, ...more }, 'test-works')
  expect(of({ price: field.money(), priceCurrency: field.string() })).toThrow(expect.objectContaining({ code: 'package-refused' }))
  expect(of({ startZone: field.string(), start: field.zonedDatetime() })).toThrow(expect.objectContaining({ code: 'package-refused' }))
  for (const name of ['custom', 'deletedAt', 'searchVector']) {
    expect(of({ [name]: field.string() }, { features })).toThrow(expect.objectContaining({ code: 'package-refused' }))
    expect(of({ [name]: field.string() })().has(name)).toBe(true)
  }
})

test('a row is written as JSON by position, whatever is in its texts, and an encrypted field takes a key', () => {
  const fields = { title: field.string(), hours: field.integer(), rate: field.decimal(), due: field.date(), at: field.datetime(), tags: field.manyToMany('tag'), data: field.json(), ok: field.boolean(), pin: field.encrypted() }
  const columns = [...columnsOf({ name: 'boat', fields }, 'test-works', sealer).values()].slice(6)
  const row = ['"\u2028\\\n</script>', '-9007199254740991', '12.50', '2026-03-01', '2026-03-01 08:30:00.123456+00', '["b", "a"]', '{"x": [1, null]}', 'f', sealer.seal('é', ['test-works', 'boat', 'pin'])]
  const record = { title: '"\u2028\\\n</script>', hours: -9_007_199_254_740_991, rate: '12.50', due: '2026-03-01', at: '2026-03-01T08:30:00.123Z', tags: ['b', 'a'], data: { x: [1, null] }, ok: false, pin: 'é' }
  expect(JSON.parse(rowToJson(columns, row))).toEqual(record)
  expect(rowToRecord(columns, row)).toEqual(record)
  expect(JSON.parse(rowToJson(columns, [...row.slice(0, -1), null, 'beyond']))).toEqual({ ...record, pin: null })
  expect(rowToJson([], [])).toBe('{}')
  expect(() => columnsOf({ name: 'boat', fields }, 'test-works').get('pin')?.writes('x')).toThrow(/no key/)
})
