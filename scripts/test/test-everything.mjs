import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { projectNode, rootFolder } from '../setup/paths.mjs'
import { run } from '../setup/run.mjs'
import { listChecks } from './checks.mjs'
import { printSummary } from './summary.mjs'
import { readVitestResults } from './vitest-results.mjs'

/**
 * @typedef {{ name: string, problem: string }} Failure
 * @typedef {{ passed: number, skipped: number, failures: Failure[] }} Outcome
 */

/**
 * Runs the checks and the tests; with a filter only the tests whose path or name it picks (arguments of vitest).
 * @param {readonly string[]} filter
 * @returns {Promise<number>} exit code: 0 when something ran and nothing failed
 */
export async function testEverything(filter) {
  const started = performance.now()
  const checked = filter.length > 0 ? [] : await runChecks()
  const tested = await runTests(filter)
  return printSummary([...checked, tested], (performance.now() - started) / 1000)
}

/** The checks take turns on the processors there are; the tests, some of which watch the clock, come after. */
async function runChecks() {
  const waiting = listChecks()
  /** @type {Outcome[]} */
  const outcomes = []
  const takeTurns = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) outcomes.push(await runCheck(check))
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, takeTurns))
  return outcomes
}

/** @param {import('./checks.mjs').Check} check @returns {Promise<Outcome>} */
async function runCheck({ name, work }) {
  const started = performance.now()
  const problem = await work()
  console.log(`  ${problem === undefined ? '✓' : '✗'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s`)
  if (problem === undefined) return { passed: 1, skipped: 0, failures: [] }
  console.log(problem)
  return { passed: 0, skipped: 0, failures: [{ name, problem }] }
}

/** @param {readonly string[]} filter @returns {Promise<Outcome>} */
async function runTests(filter) {
  const results = join(rootFolder, '.cache', 'vitest.json')
  rmSync(results, { force: true })
  const node = projectNode()
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  const vitest = join(rootFolder, 'node_modules', 'vitest', 'vitest.mjs')
  const { code } = await run(node, [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...filter], { cwd: rootFolder, env, show: true })
  return readVitestResults(results, code)
}
