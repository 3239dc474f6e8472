import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { files, read } from './repository.ts'

const languages = ['en', 'es', 'fr', 'pt']
const folders = [...new Set(files.filter((path) => posix.basename(posix.dirname(path)) === 'locales' && path.endsWith('.json')).map((path) => posix.dirname(path)))]

test('there are texts', () => {
  expect(folders).not.toEqual([])
})

test.each(folders)('%s says the same in four languages, with the same blanks', (folder) => {
  expect(files.filter((path) => posix.dirname(path) === folder).map((path) => posix.basename(path)).toSorted()).toEqual(languages.map((language) => `${language}.json`))
  const english = flatten(JSON.parse(read(`${folder}/en.json`)))
  for (const language of languages) {
    const texts = flatten(JSON.parse(read(`${folder}/${language}.json`)))
    expect([...texts.keys()].toSorted(), language).toEqual([...english.keys()].toSorted())
    expect([...texts].filter(([key, text]) => text.trim() === '' || blanksOf(text) !== blanksOf(english.get(key) ?? '')), language).toEqual([])
  }
})

function flatten(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[prefix, String(value)]])
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, prefix === '' ? key : `${prefix}.${key}`)]))
}

function blanksOf(text: string): string {
  return [...new Set(text.match(/\{\w+\}/g))].toSorted().join()
}
