import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectNode, rootFolder } from './paths.mjs'
import { withProgress } from './progress.mjs'
import { run } from './run.mjs'
import { hashSources } from './source-hash.mjs'

const shellFolder = join(rootFolder, 'core', 'shell')
const built = join(shellFolder, 'dist')
const next = join(shellFolder, 'dist.next')
const marker = join(built, '.sources')
const sources = ['core/shell', 'sdk/ui', 'sdk/plugin', 'package-lock.json']

/** Whether the web application that is there comes from these very sources. */
export function isShellBuilt() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === hashOfSources()
}

/** Builds the web application. @throws {Error} with the builder's last words */
export async function buildShell() {
  const wanted = hashOfSources()
  const vite = join(rootFolder, 'node_modules', 'vite', 'bin', 'vite.js')
  await withProgress('Building the web application', async () => {
    const { code, output } = await run(projectNode(), [vite, 'build', '--outDir', next, '--emptyOutDir', '--logLevel', 'warn'], { cwd: shellFolder })
    if (code !== 0) throw new Error(`The web application does not build:\n${output.trim().split('\n').slice(-30).join('\n')}`)
    writeFileSync(join(next, '.sources'), wanted)
    replaceBuilt()
  })
}

function hashOfSources() {
  return hashSources(rootFolder, sources, ['dist.next', 'dist.previous'])
}

/** A host may be serving the old build: the new one takes its place in two renames, complete. */
function replaceBuilt() {
  const previous = join(shellFolder, 'dist.previous')
  rmSync(previous, { recursive: true, force: true })
  if (existsSync(built)) renameSync(built, previous)
  renameSync(next, built)
  rmSync(previous, { recursive: true, force: true })
}
