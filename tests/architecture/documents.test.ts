import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { errorReference } from '../../scripts/docs/error-reference.ts'
import { limitTables } from '../../scripts/docs/limit-tables.ts'
import { workspaces } from './packages.ts'
import { exists, files, read } from './repository.ts'

test.each(workspaces.map(({ folder }) => folder))('%s has a README with an example and a link', (folder) => {
  const text = exists(`${folder}/README.md`) ? read(`${folder}/README.md`) : ''
  expect(text).toMatch(/^# /)
  expect(text).toMatch(/^```[\s\S]+^```$/m)
  expect(text).toMatch(/\]\([^)]+\)/)
})

test('every link between documents leads somewhere', () => {
  const broken = files.filter((path) => path.endsWith('.md')).flatMap((path) => linksOf(read(path))
    .filter((link) => !/^([a-z]+:|#)/.test(link) && !exists(posix.join(posix.dirname(path), decodeURIComponent(link.replace(/#.*$/, '')))))
    .map((link) => `${path} → ${link}`))
  expect(broken).toEqual([])
})

test('every link to a heading finds it', () => {
  const broken = files.filter((path) => path.endsWith('.md')).flatMap((path) => linksOf(read(path)).flatMap((link) => {
    const [, file = '', heading = ''] = /^([^:#]*)#(.+)$/.exec(link) ?? []
    const target = file === '' ? path : posix.join(posix.dirname(path), file)
    return heading === '' || !target.endsWith('.md') || !exists(target) || headingsOf(read(target)).includes(heading) ? [] : [`${path} → ${link}`]
  }))
  expect(broken).toEqual([])
})

test('decisions are numbered without a gap', () => {
  const numbers = files.filter((path) => path.startsWith('docs/decisions/')).map((path) => Number(/^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1))
})

test('a decision says context, decision and consequences', () => {
  const incomplete = files.filter((path) => path.startsWith('docs/decisions/') && !/Context[\s\S]*Decision[\s\S]*Consequences/.test(read(path)))
  expect(incomplete).toEqual([])
})

test('the table of error codes in the documentation is the one in the SDK', () => {
  expect(exists('docs/reference/errors.md') && read('docs/reference/errors.md')).toBe(errorReference())
})

test('the tables of limits in the documentation are those of the code', () => {
  expect(read('docs/security.md')).toContain(limitTables())
})

// Text in a fence is not a link.
function linksOf(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, link = '']) => link)
}

function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}
