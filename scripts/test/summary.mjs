const mostLines = 25

/**
 * Repeats what failed, then says the numbers in the last line.
 * @param {readonly import('./test-everything.mjs').Outcome[]} outcomes @param {number} seconds
 * @returns {number} exit code
 */
export function printSummary(outcomes, seconds) {
  const failures = outcomes.flatMap((outcome) => outcome.failures)
  for (const { name, problem } of failures) console.log(`\n✗ ${name}\n${shorten(problem)}`)
  const passed = sum(outcomes.map((outcome) => outcome.passed))
  const skipped = sum(outcomes.map((outcome) => outcome.skipped))
  console.log(`\n${seconds.toFixed(0)} s`)
  console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failures.length > 0 || passed === 0 ? 1 : 0
}

/** @param {string} text */
function shorten(text) {
  const lines = text.split('\n').filter((line) => !/^\s+at .*(node_modules|node:internal|new Promise)/.test(line))
  const rest = lines.length - mostLines
  return [...lines.slice(0, mostLines), ...(rest > 0 ? [`… and ${rest} lines more, above`] : [])].map((line) => `  ${line}`).join('\n')
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
