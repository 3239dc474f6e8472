import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildTargets } from './build.ts'
import { generateKeyPair } from './keys.ts'
import { idPrefixPattern, isInPrefix, isReleaseVersion, overlaps, parseTargetPath, pathPatternOf, prefixOfPattern, publisherOfRole, roleNameOf, servedPathOf, targetPathOf } from './names.ts'

test('an id is in a prefix when something follows it', () => {
  expect(isInPrefix('hse-reports', ['hr-', 'hse-'])).toBe(true)
  expect([isInPrefix('hse-', ['hse-']), isInPrefix('hsex-reports', ['hse-']), isInPrefix('hse-reports', [])]).toEqual([false, false, false])
})

test('a prefix ends with a hyphen', () => {
  expect(['hse-', 'a-b-'].every((prefix) => idPrefixPattern.test(prefix))).toBe(true)
  expect(['hse', '-', 'Hse-', 'hse--', '*-', '../-', 'hse-*', ''].some((prefix) => idPrefixPattern.test(prefix))).toBe(false)
})

test('prefixes that share an id overlap, whichever is longer', () => {
  expect([overlaps('hse-', 'hse-site-'), overlaps('hse-site-', 'hse-'), overlaps('hse-', 'hr-')]).toEqual([true, true, false])
})

test.each(['1.0.0', '10.20.30', '1.0.0-rc.1', '1.0.0-0a'])('%s is a version', (version) => expect(isReleaseVersion(version)).toBe(true))
test.each(['1.0', 'v1.0.0', '01.0.0', '1.0.0+build', '1.0.0-01', '1.0.0-', '1.0.0/..', '', `1.0.${'9'.repeat(64)}`])('%s is no version', (version) => expect(isReleaseVersion(version)).toBe(false))

test('a target path is read back as it was made', () => {
  expect(parseTargetPath(targetPathOf('hse-reports', '1.2.0-rc.1'))).toEqual({ id: 'hse-reports', version: '1.2.0-rc.1' })
  expect(servedPathOf('hse-reports', '1.2.0', 'abc')).toBe('hse-reports/abc.hse-reports-1.2.0.tgz')
})

test.each(['', '/', 'hse-reports', 'hse-reports-1.0.0.tgz', '../hse-1.0.0.tgz', 'hse-reports/other-1.0.0.tgz', 'hse-reports/x/hse-reports-1.0.0.tgz', 'hse-reports/hse-reports-1.0.0.zip', 'hse-reports/hse-reports-1.0.0.tgz/', '__proto__/__proto__-1.0.0.tgz'])(
  '%j is no target path', (path) => expect(parseTargetPath(path)).toBeUndefined(),
)

test('any text is a target path only in the one form it is written in', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (id, version) => {
    const read = parseTargetPath(targetPathOf(id, version))
    expect(read === undefined || (read.id === id && read.version === version)).toBe(true)
  }))
})

test('role names and patterns lead back to publisher and prefix, and nothing else does', () => {
  expect([publisherOfRole(roleNameOf('acme-tools')), prefixOfPattern(pathPatternOf('hse-'))]).toEqual(['acme-tools', 'hse-'])
  expect(['targets', 'publisher-', 'publisher-A', 'publisher-../x', 'publisher-__proto__'].map(publisherOfRole)).toEqual(Array.from({ length: 5 }))
  expect(['*/*', '**', 'hse-*/**', 'hse-**/*', 'hse-*/*/*', '[a-z]-*/*', '{hse,hr}-*/*'].map(prefixOfPattern)).toEqual(Array.from({ length: 7 }))
})

test('the delegation covers exactly the ids of the prefix', () => {
  const publicKeys = [generateKeyPair().publicKeyPem]
  const { delegations } = buildTargets({ version: 1, expires: new Date(), publishers: [{ name: 'hello', prefixes: ['hse-'], publicKeys }] }).signed
  const covers = (path: string): boolean => delegations?.roles?.['publisher-hello']?.isDelegatedPath(path) ?? false
  expect([covers('hse-reports/hse-reports-1.0.0.tgz'), covers('hr-people/hr-people-1.0.0.tgz'), covers('hse-a/b/c'), covers('hse-a')]).toEqual([true, false, false, false])
})
