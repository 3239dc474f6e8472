import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countSuites, readVitestResults } from './vitest-results.mjs'

const passed = { fullName: 'holds', status: 'passed', failureMessages: [] }
const skipped = { fullName: 'waits', status: 'skipped', failureMessages: [] }
const failed = { fullName: 'breaks', status: 'failed', failureMessages: ['1 is not 2'] }

test('tests are counted by how they ended, failures with where and why', () => {
  const counted = countSuites([{ name: join(process.cwd(), 'a.test.ts'), status: 'failed', message: '', assertionResults: [passed, skipped, failed] }])
  expect(counted).toEqual({ passed: 1, skipped: 1, failures: [{ name: 'a.test.ts › breaks', problem: '1 is not 2' }] })
})

test('a suite that does not load, or whose set-up fails, is one failure', () => {
  const suites = [
    { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    { name: 'b.test.ts', status: 'failed', message: 'set-up failed', assertionResults: [skipped] },
  ]
  expect(countSuites(suites).failures.map(({ problem }) => problem)).toEqual(['no such module', 'set-up failed'])
})

test('a run that leaves no results is a failure', () => {
  expect(readVitestResults(join(import.meta.dirname, 'absent.json'), 1)).toMatchObject({ passed: 0, failures: [{ name: 'vitest' }] })
})
