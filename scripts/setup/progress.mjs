const interactive = process.stdout.isTTY === true

/**
 * Prints a step and how long it took; on a terminal the seconds are seen passing.
 * @template T
 * @param {string} label @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProgress(label, work) {
  const started = performance.now()
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1)
  if (!interactive) process.stdout.write(`  … ${label}\n`)
  const ticker = interactive ? setInterval(() => process.stdout.write(`\r  … ${label} ${seconds()} s`), 200) : undefined
  try {
    const result = await work()
    process.stdout.write(`${interactive ? '\r' : ''}  ✓ ${label} ${seconds()} s\n`)
    return result
  } catch (error) {
    process.stdout.write(`${interactive ? '\r' : ''}  ✗ ${label} ${seconds()} s\n`)
    throw error
  } finally {
    clearInterval(ticker)
  }
}
