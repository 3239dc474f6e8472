import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectNode, rootFolder } from './paths.mjs'

/** @type {readonly NodeJS.Signals[]} */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program of the project on Node 24 with this command's arguments, hands signals on, and answers with its exit code.
 * The program is in a process group of its own, because a terminal sends Ctrl-C to a whole group while npm hands the same
 * signal on once more; it learns of the death of this process by its IPC channel.
 * @param {string} program path in the checkout @param {NodeJS.ProcessEnv} variables
 * @returns {Promise<number>}
 */
export function handOver(program, variables = {}) {
  const env = { ...process.env, ...variables, NODE_COMPILE_CACHE: join(rootFolder, '.cache', 'compiled') }
  const child = spawn(projectNode(), [join(rootFolder, program), ...process.argv.slice(2)], {
    env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: process.platform !== 'win32',
  })
  for (const signal of forwarded) process.on(signal, () => child.kill(signal))
  const watch = watchNpm(() => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      if (signal) console.error(`\n${program} was ended from outside (${signal}).`)
      resolve(code ?? 1)
    })
  })
}

/** Under npm the parent is npm or its shell: when that dies without handing the signal on, this command ends too. @param {() => void} stop */
function watchNpm(stop) {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return undefined
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, 500)
  watch.unref()
  return watch
}
