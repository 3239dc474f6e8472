import type { CustomField } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { changesOf, draftOf, inputOf, nameFrom } from './field-draft.ts'

test('a name is offered from the label', () => {
  expect(['Badge number', 'État  général', '2nd check', '!', 'x'.repeat(60)].map(nameFrom)).toEqual(['badgeNumber', 'etatGeneral', 'ndCheck', '', 'x'.repeat(40)])
})

test('a form sends what its kind takes, and nothing that was left empty', () => {
  const draft = { ...draftOf(), name: ' badge ', label: { en: 'Badge ', fr: '', es: '', pt: '' }, min: '1', maxLength: '20', index: true }
  expect(inputOf(draft)).toEqual({ name: 'badge', kind: 'string', label: { en: 'Badge' }, required: false, index: true, maxLength: 20 })
  expect(inputOf({ ...draft, kind: 'text' })).toMatchObject({ index: false })
  expect(inputOf({ ...draft, kind: 'enum', values: 'red\n\n blue ' })).toMatchObject({ values: ['red', 'blue'] })
})

test('a changed form sends what can be changed, and takes away the limits that were emptied', () => {
  const field: CustomField = { id: '1', pluginId: 'p', entity: 'e', name: 'count', kind: 'integer', label: { en: 'Count' }, position: 0, min: 1, max: 9 }
  expect(changesOf({ ...draftOf(field), max: '' })).toEqual({ label: { en: 'Count' }, help: {}, required: false, index: false, min: 1, max: null })
})
