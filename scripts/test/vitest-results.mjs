import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { rootFolder } from '../setup/paths.mjs'

/**
 * @typedef {{ fullName: string, status: string, failureMessages: string[] | null }} TestResult
 * @typedef {{ name: string, status: string, message: string, assertionResults: TestResult[] }} SuiteResult
 */

/**
 * Counts what vitest's JSON reporter wrote. A suite that fails without a failed test (it does not load, or its set-up
 * fails) counts as one failed; so does a run that ends badly with nothing failed, or leaves no results.
 * @param {string} path @param {number} code exit code of the run
 * @returns {import('./test-everything.mjs').Outcome}
 */
export function readVitestResults(path, code) {
  if (!existsSync(path)) return { passed: 0, skipped: 0, failures: [{ name: 'vitest', problem: `It ended with code ${code} and left no results.` }] }
  /** @type {{ testResults: SuiteResult[] }} */
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'))
  const outcome = countSuites(testResults)
  if (code !== 0 && outcome.failures.length === 0) outcome.failures.push({ name: 'vitest', problem: `It ended with code ${code}: see the errors outside tests above.` })
  return outcome
}

/** @param {readonly SuiteResult[]} suites @returns {import('./test-everything.mjs').Outcome} */
export function countSuites(suites) {
  const tests = suites.flatMap((suite) => suite.assertionResults)
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').length,
    failures: suites.flatMap(failuresOf),
  }
}

/** @param {SuiteResult} suite @returns {import('./test-everything.mjs').Failure[]} */
function failuresOf({ name, status, message, assertionResults }) {
  const path = relative(rootFolder, name).replaceAll('\\', '/')
  const failed = assertionResults.filter((test) => test.status === 'failed')
  if (failed.length === 0 && status === 'failed') return [{ name: path, problem: message || 'The suite does not load.' }]
  return failed.map(({ fullName, failureMessages }) => ({ name: `${path} › ${fullName}`, problem: (failureMessages ?? []).join('\n') }))
}
