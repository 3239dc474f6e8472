import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { pluginManifestProblems } from './plugin-manifest.ts'
import { mayBeSlow } from './slow-pattern.ts'
import { plainPlugin } from './testing.ts'

describe('a pattern', () => {
  it.each(['[A-Z]{2}-\\d{4}', '[a-z]+\\.[a-z]+', '(INC|NM)-\\d+', 'a?b?c?', '(?<year>\\d{4})-\\d\\d', '\\p{L}+', '[+*?]{1,3}', '\\+\\d{6,15}', '\\(\\d+\\)', '(ab)*', '\\u{1F600}*', '(a|b)?'])('%s is quick', (pattern) => {
    expect(mayBeSlow(pattern)).toBe(false)
  })

  it.each(['(a+)+', '(a*)*b', '(a|a)*', '(a|aa)+$', '((a+))+', '(?:a{1,})*', '(?<x>a+){2,}', '(a?){30}', '(\\d+,?)+', '([a-z]+\\d?)*', '(a)\\1', '(?<n>a)\\k<n>', '(?=a*)b', '(?<!a)b', 'a*a*a*', '(x(a|b)y)+', '((a{99}){99}){99}'])('%s may be slow', (pattern) => {
    expect(mayBeSlow(pattern)).toBe(true)
  })
})

test('what is called quick is, whatever the text', () => {
  const atom = fc.constantFrom('a', '[ab]', '\\w', '.', '(ab)', '(a|b)', '(a+)', '(a?b)', 'b')
  const pattern = fc.array(fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2,3}', '{1,}')), { minLength: 1, maxLength: 8 }).map((parts) => parts.flat().join(''))
  fc.assert(fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 63 }), (source, text) => {
    fc.pre(!mayBeSlow(source))
    const before = process.cpuUsage()
    new RegExp(`^(?:${source})$`, 'u').test(`${text}!`)
    expect(process.cpuUsage(before).user).toBeLessThan(500_000)
  }), { numRuns: 2_000 })
})

test('a default that its field’s pattern would take years to match does not hold up who reads it', () => {
  const field = { kind: 'string', maxLength: 1_000, pattern: '(a+)+', default: `${'a'.repeat(200)}!` }
  const entities = [{ name: 'greeting', fields: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`field${at}`, field])) }]
  expect(pluginManifestProblems({ ...plainPlugin, entities, hooks: {} })).toEqual([])
  const wrong = { name: 'greeting', fields: { code: { kind: 'string', pattern: '[A-Z]+', default: 'abc' } } }
  expect(pluginManifestProblems({ ...plainPlugin, entities: [wrong], hooks: {} }).map(({ path }) => path)).toEqual(['/entities/0/fields/code/default'])
})
