import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { exists, files, read } from './repository.ts'

interface Quote { document: string; from: string; lines: string[] }

const documents = files.filter((path) => posix.extname(path) === '.md')
const quotes = documents.flatMap((document) => [...read(document).matchAll(/^<!-- from (\S+) -->\n```\w+\n([\s\S]*?)^```$/gm)].map(([, from = '', code = '']): Quote => ({ document, from, lines: linesOf(code) })))

test('code that a document takes from a file is still there, and compiled with it', () => {
  expect(quotes.length).toBeGreaterThan(5)
  const stale = quotes.filter(({ from, lines }) => !exists(from) || !holds(linesOf(read(from)), lines)).map(({ document, from, lines }) => `${document}: ${from} has no “${lines[0] ?? ''} …”`)
  expect(stale).toEqual([])
})

test.each(['docs/guides/first-plugin.md', 'docs/guides/hooks-and-live-updates.md', 'docs/reference/entities.md'])('%s shows no TypeScript that is not taken from a file', (document) => {
  const blocks = read(document).match(/^```(ts|vue)$/gm) ?? []
  expect(quotes.filter((quote) => quote.document === document)).toHaveLength(blocks.length)
})

function linesOf(code: string): string[] {
  return code.trimEnd().split('\n')
}

/** Whether the lines follow each other there, whatever their indent as a whole. */
function holds(source: readonly string[], lines: readonly string[]): boolean {
  return source.some((line, start) => {
    const indent = line.length - line.trimStart().length
    return lines.every((wanted, at) => {
      const found = source[start + at]
      return found !== undefined && (found.trim() === '' ? '' : found.slice(indent)) === wanted
    })
  })
}
