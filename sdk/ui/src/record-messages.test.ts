import { expect, test } from 'vitest'
import { fill, recordMessages } from './record-messages.ts'

const flat = (value: object, prefix = ''): [string, string][] => Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
  (typeof inner === 'object' && inner !== null ? flat(inner, `${prefix}${key}.`) : [[prefix + key, String(inner)] as [string, string]]))
const blanks = (text: string): string => [...new Set(text.match(/\{\w+\}/g))].toSorted().join()

test.each(['fr', 'es', 'pt'] as const)('what is said of records is said in %s, with the same blanks', (language) => {
  const texts = new Map(flat(recordMessages[language]))
  for (const [key, english] of flat(recordMessages.en)) expect({ key, blanks: blanks(texts.get(key) ?? ''), said: texts.get(key)?.trim() !== '' }).toEqual({ key, blanks: blanks(english), said: true })
})

test('blanks are filled, others stay', () => {
  expect(fill('{name} and {other}', { name: '{other}' })).toBe('{other} and {other}')
})
