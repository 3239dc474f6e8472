import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds the shell as it is now into a folder of its own. @returns the folder */
export async function buildShell(): Promise<string> {
  const dist = await mkdtemp(join(tmpdir(), 'opsflux-shell-'))
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  // A build of its own process: the test runner's NODE_ENV would make a development build of Vue.
  await promisify(execFile)(process.execPath, [vite, 'build', 'core/shell', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], { cwd: root, env: { ...process.env, NODE_ENV: 'production' } })
  return dist
}
