import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashSources } from './source-hash.mjs'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsflux-hash-'))
  write('plugin/server/index.ts', 'one')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const hash = (): string => hashSources(folder, ['plugin', 'absent'], ['releases'])

test.each([
  ['a changed file', () => write('plugin/server/index.ts', 'two')],
  ['a new file', () => write('plugin/server/other.ts', '')],
  ['a renamed file', () => renameSync(join(folder, 'plugin/server/index.ts'), join(folder, 'plugin/server/main.ts'))],
  ['a file that was absent', () => write('absent', '')],
])('%s changes it', (_what, change) => {
  const before = hash()
  change()
  expect(hash()).not.toBe(before)
})

test.each(['plugin/node_modules/a/index.js', 'plugin/dist/index.js', 'plugin/releases/1.0.0/entities.ts', 'elsewhere/index.ts'])('%s does not change it', (path) => {
  const before = hash()
  write(path, 'made')
  expect(hash()).toBe(before)
})
