import { expect, test } from 'vitest'
import { files, read } from './repository.ts'

const texts = files.filter((path) => /\.(ts|vue|mjs|js|json|md|css|html|sql|svg|csv|yml|yaml)$|(^|\/)(\.npmrc|\.gitignore|LICENSE|run)$/.test(path))
const here = 'tests/architecture/words.test.ts'
const code = texts.filter((path) => /\.(ts|vue|mjs)$/.test(path))
const shipped = texts.filter((path) => path !== 'package-lock.json' && !/\.test\.ts$|(^|\/)tests?\//.test(path))

test('no text names a registry host', () => {
  expect(find(texts, /registry\.(npmjs|npmmirror|yarnpkg)|npm\.pkg\.github|artifactory|verdaccio|\.jfrog\.|nexus[-.]/)).toEqual([])
})

test('no source depends on a folder of one machine', () => {
  expect(find(shipped, /(?<![\w.@}-])\/(work|root|Users|home\/\w+)\/|(?<![\w.@}-])\/tmp\b/)).toEqual([])
})

test('nothing is put off', () => {
  expect(find(texts.filter((path) => path !== 'package-lock.json'), /\b(TODO|FIXME|XXX)\b/)).toEqual([])
})

test('no test shuts the others out, and no type is forced', () => {
  expect(find(code, /\b(test|it|describe|suite)\.only\(|\.only\(|\bas any\b|@ts-ignore|@ts-nocheck(?!:)/)).toEqual([])
})

function find(paths: readonly string[], words: RegExp): string[] {
  return paths.filter((path) => path !== here).flatMap((path) => read(path).split('\n').flatMap((line, index) => (words.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])))
}
