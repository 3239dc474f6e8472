// Machines read the answer from the standard output: progress must not be in it.
const output = process.argv.includes('--json') ? process.stderr : process.stdout
const interactive = output.isTTY === true

/**
 * Prints a step and how long it took; on a terminal the seconds are seen passing.
 * @template T
 * @param {string} label @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProgress(label, work) {
  const started = performance.now()
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1)
  if (!interactive) output.write(`  … ${label}\n`)
  const ticker = interactive ? setInterval(() => output.write(`\r  … ${label} ${seconds()} s`), 200) : undefined
  try {
    const result = await work()
    output.write(`${interactive ? '\r' : ''}  ✓ ${label} ${seconds()} s\n`)
    return result
  } catch (error) {
    output.write(`${interactive ? '\r' : ''}  ✗ ${label} ${seconds()} s\n`)
    throw error
  } finally {
    clearInterval(ticker)
  }
}
