// Runs on whatever Node a machine has, so: no dependency, nothing newer than Node 20, and a clear word to older ones.

const oldestMajor = 20

/**
 * What to tell a person whose Node is too old; undefined when it will do.
 * @param {string} version such as `20.11.1`
 * @returns {string | undefined}
 */
export function complainAboutNode(version) {
  if (Number.parseInt(version, 10) >= oldestMajor) return undefined
  return `OpsFlux needs Node ${oldestMajor} or newer to start; this is Node ${version}. Install a newer one from https://nodejs.org and run the command again.`
}
