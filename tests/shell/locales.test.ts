import { readFileSync } from 'node:fs'
import { errorTable } from '@opsflux/sdk'
import { describe, expect, test } from 'vitest'

type Messages = { [key: string]: string | Messages }
const read = (path: string): Messages => JSON.parse(readFileSync(new URL(`../../core/shell/src/${path}`, import.meta.url), 'utf8')) as Messages
const flat = (messages: Messages, prefix = ''): [string, string][] => Object.entries(messages).flatMap(([key, value]) => (typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`)))
const names = (message: string): string[] => (message.match(/\{\w+\}/g) ?? []).toSorted()

describe.each(['locales', 'modules/locales', 'custom-fields/locales'])('the messages in %s', (folder) => {
  const english = new Map(flat(read(`${folder}/en.json`)))
  test.each(['fr', 'es', 'pt'])('are all there in %s, with the same values in them', (locale) => {
    const other = new Map(flat(read(`${folder}/${locale}.json`)))
    expect([...other.keys()].toSorted()).toEqual([...english.keys()].toSorted())
    for (const [key, message] of other) expect(names(message), key).toEqual(names(english.get(key) ?? ''))
  })
})

test('every error code has its message', () => {
  const { errors } = read('locales/en.json') as { errors: Messages }
  expect(Object.keys(errors)).toEqual(expect.arrayContaining(Object.keys(errorTable)))
})
