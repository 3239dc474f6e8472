import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { installWhenNeeded } from './install.mjs'
import { takeLock } from './lock-file.mjs'
import { rootFolder } from './paths.mjs'
import { buildShellWhenNeeded } from './shell-build.mjs'

/**
 * Brings the checkout to where it runs: dependencies installed, web application built. Two commands at once take turns.
 * @returns {Promise<{ install: number, shell: number }>} milliseconds each took
 */
export async function prepareCheckout() {
  const lock = await waitForTurn(join(rootFolder, '.cache', 'setup.lock'))
  try {
    const started = performance.now()
    await installWhenNeeded()
    const installed = performance.now()
    await buildShellWhenNeeded()
    return { install: Math.round(installed - started), shell: Math.round(performance.now() - installed) }
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
