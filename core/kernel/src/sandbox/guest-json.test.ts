import { expect, test } from 'vitest'
import { parseGuestJson } from './guest-json.ts'

test('plain JSON is read as it is', () => {
  const value = { a: [1, 'two', null, { constructor: 'x', prototype: { b: true } }] }
  expect(parseGuestJson(JSON.stringify(value))).toEqual(value)
})

test('more than 64 levels are refused, whatever the length of the text', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  expect(() => parseGuestJson(nested(64))).not.toThrow()
  for (const levels of [65, 400_000]) expect(() => parseGuestJson(nested(levels))).toThrow(SyntaxError)
})

test('a key named __proto__ is refused at any depth and in any spelling', () => {
  for (const text of ['{"__proto__":1}', '[{"a":{"__proto__":{}}}]', String.raw`{"\u005f_proto__":1}`]) expect(() => parseGuestJson(text)).toThrow('__proto__')
})
