import type { Json } from '@opsflux/sdk'
import { queryString } from '@opsflux/sdk/client'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from './cursor.ts'
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
  const values: Json[] = ['é😀"', null, '2026-03-01T08:30:00.123456Z', uuidV7()]

  test('carries the values of its sort', () => {
    expect(decodeCursor(keys(sort), encodeCursor(keys(sort), values))).toEqual(values)
  })

  test('is refused when forged or made for another sort', () => {
    const made = encodeCursor(keys(sort), values)
    const other = (list: Json[]): string => Buffer.from(JSON.stringify(list)).toString('base64url')
    const signature = '-title,hours,startsAt,id'
    const forged = ['', 'x', '!', `${made}=`, other([]), other(['id', uuidV7()]), other([signature, 'a', 1, values[2] ?? null, "' or 1=1"]), other([signature, 'a', '1', values[2] ?? null, uuidV7()]),
      other([signature, 'a', 1, 'now()', uuidV7()]), other([signature, 'a', 1, values[2] ?? null, null]), other([signature, 'a\0', 1, values[2] ?? null, uuidV7()]), Buffer.from('{"0":1}').toString('base64url')]
    for (const cursor of forged) expect(() => decodeCursor(keys(sort), cursor), cursor).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    expect(() => decodeCursor(keys('title'), made)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
    fc.assert(fc.property(fc.string(), (text) => { expect(() => decodeCursor(keys(sort), text)).toThrow(expect.objectContaining({ code: 'invalid-request' })) }))
  })

  test.each(['colour', '-', '', '--title', 'details', '__proto__', 'title; drop table'])('has no place in a list sorted by "%s"', (name) => {
    expect(() => keys(name)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
  })
})
