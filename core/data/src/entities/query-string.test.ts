import type { Json } from '@opsflux/sdk'
import { queryString } from '@opsflux/sdk/client'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCursor, encodeCursor, type CursorValue } from './cursor.ts'
import type { EntityQuery } from './entity-transaction.ts'
import { parseQueryString, splitList } from './query-string.ts'
import { ReleaseEntities } from './release-entities.ts'
import { sortKeysOf } from './sort.ts'
import { manifest } from './test-fixture.ts'
import { uuidV7 } from './uuid.ts'

const entity = new ReleaseEntities(manifest).entity('workOrder')

describe('a query string', () => {
  test('is read back as the client wrote it', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    const fieldTest = fc.oneof(
      fc.record({ field: fc.constantFrom('title', 'notes', 'severity', 'state', 'startsAt'), test: fc.record({ eq: text, ne: text, lt: text, in: fc.array(text, { minLength: 1 }), nin: fc.array(text, { minLength: 1 }), contains: text, null: fc.boolean() }, { requiredKeys: [] }) }),
      fc.record({ field: fc.constantFrom('hours', 'revision'), test: fc.record({ gte: fc.maxSafeInteger(), in: fc.array(fc.maxSafeInteger(), { minLength: 1 }) }, { requiredKeys: ['gte'] }) }),
      fc.record({ field: fc.constant('urgent'), test: fc.record({ eq: fc.boolean() }) }),
    )
    const query = fc.record({
      where: fc.uniqueArray(fieldTest, { selector: (one) => one.field }).map((tests) => Object.fromEntries(tests.filter((one) => Object.keys(one.test).length > 0).map((one) => [one.field, one.test]))),
      sort: fc.array(fc.constantFrom('-title', 'hours'), { minLength: 1 }), limit: fc.integer({ min: 1, max: 200 }), after: text, q: text, count: fc.boolean(),
    }, { requiredKeys: [] })
    fc.assert(fc.property(query, (given) => {
      const { where, ...others } = given
      const expected = where === undefined || Object.keys(where).length === 0 ? others : given
      const written = queryString(given)
      if (Buffer.byteLength(written) <= 8_192) expect(parseQueryString(entity, written)).toEqual(expected)
    }))
  })

  test('may say equality and absence in short, and encode its brackets', () => {
    expect(parseQueryString(entity, queryString({ where: { title: 'a b&c', site: null, hours: 3 } }))).toEqual({ where: { title: { eq: 'a b&c' }, site: { null: true }, hours: { eq: 3 } } })
    expect(parseQueryString(entity, 'where%5Btitle%5D%5Beq%5D=a+b')).toEqual({ where: { title: { eq: 'a b' } } })
    expect(parseQueryString(entity, '')).toEqual({})
  })

  test('carries values of several parts, lists and paths as the client writes them', () => {
    const asset = new ReleaseEntities(manifest).entity('asset')
    const where = {
      price: { gte: { minor: -100, currency: 'EUR' }, between: [1, 5] }, outage: { overlaps: { from: '2026-01-01T00:00:00Z', to: null } }, place: { near: { lat: -0.39, lng: 1e-7, metres: 12.5 } }, sites: { has: ['a', 'b,c'] }, name: { between: ['a', 'b\\'], startsWith: 'x,y' },
      active: { in: [true, false] }, 'price.currency': { in: ['EUR', 'XAF'] }, downtime: { lt: 60 }, 'parent.active': { null: true },
    }
    const rest = { page: 2, count: 'estimated', fields: ['name', 'price'], expand: ['site'], deleted: true }
    expect(parseQueryString(asset, queryString({ where, ...rest }))).toEqual({ where, ...rest })
    // Of which kind a field of another entity is, its test finds out.
    expect(parseQueryString(asset, queryString({ where: { 'site.name': 'North', 'parent.parts': { in: [1, 2], gte: 5 } } }))).toEqual({ where: { 'site.name': { eq: 'North' }, 'parent.parts': { in: ['1', '2'], gte: '5' } } })
    expect(parseQueryString(asset, queryString({ where: { price: { minor: 5, currency: 'EUR' }, outage: { from: '2026-01-01T00:00:00Z', to: null } } }))).toEqual({ where: { price: { eq: { minor: 5, currency: 'EUR' } }, outage: { eq: { from: '2026-01-01T00:00:00Z', to: null } } } })
    for (const wrong of ['where[price][gte][euro]=1', 'where[price][minor]=1&where[price]=2', 'where[price]=2&where[price][minor]=1', 'where[price][eq][minor]=1&where[price][minor]=1', 'where[place][near][__proto__]=1', 'where[site.name][like]=x', 'where[owner.name]=x', 'where[price]=1.5', 'page=-1', 'deleted=1', 'count=some']) {
      expect(() => parseQueryString(asset, wrong), wrong).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    }
  })

  test.each([
    ['colour=red', /colour/], ['where[colour]=red', /colour/], ['where[title][like]=x', /like/], ['where[title][__proto__]=x', /__proto__/], ['where[__proto__][eq]=x', /__proto__/],
    ['where=x', /where/], ['where[title', /where\[title/], ['where[title][eq][x]=1', /where/], ['where[title]=a&where[title][eq]=b', /twice/], ['limit=1&limit=2', /twice/],
    ['limit=-1', /limit/], ['limit=1e1', /limit/], ['count=yes', /count/], ['where[hours]=1.5', /hours/], ['where[hours][in]=1,x', /hours/], ['where[urgent]=1', /urgent/], ['q=%E0%A4%A', /percent/],
  ])('is refused naming what is wrong: %s', (text, message) => {
    expect(() => parseQueryString(entity, text)).toThrow(expect.objectContaining({ code: 'invalid-request', message: expect.stringMatching(message) as string }))
  })

  test('is at most 8 KB', () => {
    expect(() => parseQueryString(entity, `q=${'é'.repeat(4_096)}`)).toThrow(/8192/)
  })

  test('separates lists at commas that are not escaped', () => {
    expect([splitList('a\\,b,c'), splitList('\\\\,x'), splitList(''), splitList(','), splitList('a,'), splitList('a\\')].map((list) => list.join('|'))).toEqual(['a,b|c', '\\|x', '', '|', 'a|', 'a'])
  })
})

describe('a cursor', () => {
  const keys = (query: EntityQuery['sort']): ReturnType<typeof sortKeysOf> => sortKeysOf(entity, query)
  const sort = ['-title', 'hours', 'startsAt']
  const values: CursorValue[] = ['é😀"', null, '2026-03-01 08:30:00.123456+00', uuidV7()]

  test('carries the values of its sort', () => {
    expect(decodeCursor(keys(sort), encodeCursor(keys(sort), values))).toEqual(values)
  })

  test('is refused when forged or made for another sort', () => {
    const made = encodeCursor(keys(sort), values)
    const other = (list: Json[]): string => Buffer.from(JSON.stringify(list)).toString('base64url')
    const signature = '-title,hours,startsAt,id'
    const forged = ['', 'x', '!', `${made}=`, other([]), other(['id', uuidV7()]), other([signature, 'a', 1, values[2] ?? null, "' or 1=1"]), other([signature, 'a', '1', values[2] ?? null, null]),
      other([signature, 'a', '1', '\ud800', uuidV7()]), other([signature, 'a', 1, values[2] ?? null, null]), other([signature, 'a\0', 1, values[2] ?? null, uuidV7()]), Buffer.from('{"0":1}').toString('base64url')]
    for (const cursor of forged) expect(() => decodeCursor(keys(sort), cursor), cursor).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    expect(() => decodeCursor(keys('title'), made)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    fc.assert(fc.property(fc.string(), (text) => { expect(() => decodeCursor(keys(sort), text)).toThrow(expect.objectContaining({ code: 'invalid-request' })) }))
  })

  test.each(['colour', '-', '', '--title', 'details', '__proto__', 'title; drop table'])('has no place in a list sorted by "%s"', (name) => {
    expect(() => keys(name)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
  })
})
