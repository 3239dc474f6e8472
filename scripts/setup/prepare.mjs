import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { installDependencies, isInstalled } from './install.mjs'
import { takeLock } from './lock-file.mjs'
import { rootFolder } from './paths.mjs'
import { buildShell, isShellBuilt } from './shell-build.mjs'

/**
 * Brings the checkout to where it runs: dependencies installed, web application built. Two commands at once take turns.
 * Where nothing is to be done nothing is written, so that a checkout may belong to somebody else.
 * @returns {Promise<{ install: number, shell: number }>} milliseconds each took; 0 where there was nothing to do
 */
export async function prepareCheckout() {
  if (isInstalled() && isShellBuilt()) return { install: 0, shell: 0 }
  const lock = await waitForTurn(join(rootFolder, '.cache', 'setup.lock')).catch((/** @type {unknown} */ error) => {
    throw explain(error)
  })
  try {
    return { install: isInstalled() ? 0 : await timed(installDependencies), shell: isShellBuilt() ? 0 : await timed(buildShell) }
  } finally {
    lock.release()
  }
}

/** @param {string} path @returns {Promise<{ release(): void }>} */
async function waitForTurn(path) {
  for (let told = false; ; told = true) {
    const lock = takeLock(path)
    if ('release' in lock) return lock
    if (!told) process.stdout.write(`  … Process ${lock.heldBy.pid} is preparing this checkout: waiting for it\n`)
    await setTimeout(200)
  }
}

/** @param {() => Promise<void>} work */
async function timed(work) {
  const started = performance.now()
  await work()
  return Math.round(performance.now() - started)
}

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof Error) || !('code' in error)) return error
  return new Error(`Dependencies or the web application have to be made anew, and ${rootFolder} cannot be written to (${error.code}). Run the command as the user it belongs to.`, { cause: error })
}
