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

test('what would take long to read is refused before it is read, by brackets and colons that are no text', () => {
  expect(() => parseGuestJson(`[${'[],'.repeat(60_000)}0]`)).toThrow('50000 lists and objects')
  expect(() => parseGuestJson(`{${Array.from({ length: 200_001 }, (_, index) => `"${index}":0`).join()}}`)).toThrow('200000 keys')
  const text = '[{:"\\\\"\\'.repeat(10_000)
  for (const value of [{ text }, [text, '', '\\\\', '"'], { [text]: [{ text }] }, Array.from({ length: 49_000 }, () => ({ a: '"' }))]) expect(parseGuestJson(JSON.stringify(value))).toEqual(value)
})

test('a long text that ends within a string is no JSON', () => {
  for (const end of ['"', '"\\\\\\"', '"\\\\', '"a']) expect(() => parseGuestJson(`${' '.repeat(9000)}[${end}`)).toThrow(SyntaxError)
})

test('a number that is read as Infinity is refused', () => {
  for (const text of ['1e400', '[-1e999]', `{"a":${'9'.repeat(400)}}`]) expect(() => parseGuestJson(text)).toThrow('out of range')
  expect(parseGuestJson('[1e308, 1e-400]')).toEqual([1e308, 0])
})
