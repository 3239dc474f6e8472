import { expect, test } from 'vitest'
import { addedChanges, inputText, inputValue, shownText, textIn, type AddedField } from './custom-fields.ts'

const field = (kind: AddedField['kind'], rest: Partial<AddedField> = {}): AddedField => ({ name: 'one', kind, label: { en: 'One', fr: 'Un' }, ...rest })

test('what is typed becomes the value of its kind, nothing becomes null, and what is no value stays for the server to refuse', () => {
  expect([inputValue(field('integer'), '12'), inputValue(field('integer'), '1.5'), inputValue(field('decimal'), '12,50'), inputValue(field('string'), ' a'), inputValue(field('boolean'), 'false')]).toEqual([12, '1.5', '12.50', ' a', false])
  for (const kind of ['integer', 'decimal', 'string', 'boolean', 'date', 'datetime', 'enum', 'user', 'text'] as const) expect(inputValue(field(kind), '')).toBeNull()
})

test('an instant is typed in local time and goes there and back', () => {
  const typed = inputText(field('datetime'), '2026-03-01T08:30:00.000Z')
  expect(typed).toMatch(/^2026-0[23]-\d\dT\d\d:\d\d$/)
  expect(inputValue(field('datetime'), typed)).toBe('2026-03-01T08:30:00.000Z')
  expect([inputText(field('datetime'), null), inputText(field('datetime'), 'soon'), inputText(field('boolean'), false)]).toEqual(['', 'soon', 'false'])
})

test('values are shown as the language writes them', () => {
  expect(shownText(field('decimal', { scale: 2 }), '12345678901234567890.50', 'en')).toBe('12,345,678,901,234,567,890.50')
  expect(shownText(field('date'), '2026-03-01', 'en')).toBe('Mar 1, 2026')
  expect([shownText(field('string'), null, 'en'), shownText(field('string'), '', 'en'), shownText(field('integer'), 0, 'en')]).toEqual([undefined, undefined, '0'])
})

test('labels are in the language of the reader, else in English', () => {
  expect([textIn({ en: 'One', fr: 'Un' }, 'fr-FR'), textIn({ en: 'One', fr: 'Un' }, 'es'), textIn(undefined, 'en')]).toEqual(['Un', 'One', undefined])
})

test('a change of added values is told value by value, without those that stay', () => {
  expect(addedChanges({ from: { badge: 'B-12', stays: 1 }, to: { stays: 1, cost: '2.50' }, hook: 'acme' })).toEqual([
    ['custom.badge', { from: 'B-12', to: null, hook: 'acme' }], ['custom.cost', { from: null, to: '2.50', hook: 'acme' }],
  ])
  expect(addedChanges({ from: null, to: { badge: 'B-12' } })).toEqual([['custom.badge', { from: null, to: 'B-12' }]])
})
