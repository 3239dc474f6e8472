import { spawn } from 'node:child_process'

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/**
 * Runs a program and collects what it prints. It does not outlive this process when that is told to stop.
 * @param {string} program @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, show?: boolean, onStart?: (pid: number) => void }} options `show`: print as it comes
 * @returns {Promise<{ code: number, output: string }>} code 1 for a program that cannot be started or was killed
 */
export function run(program, args, { cwd, env = process.env, show = false, onStart }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    keep(child)
    if (child.pid !== undefined) onStart?.(child.pid)
    let output = ''
    /** @param {Buffer} chunk */
    const take = (chunk) => {
      output += chunk.toString()
      if (show) process.stdout.write(chunk)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}\n` }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** @param {import('node:child_process').ChildProcess} child */
function keep(child) {
  if (running.size === 0) for (const signal of stopSignals) process.on(signal, stopAll)
  running.add(child)
  child.on('close', () => {
    running.delete(child)
    if (running.size === 0) for (const signal of stopSignals) process.off(signal, stopAll)
  })
}

function stopAll() {
  for (const child of running) child.kill('SIGTERM')
  process.exit(130)
}
