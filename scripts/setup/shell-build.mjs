import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectNode, rootFolder } from './paths.mjs'
import { withProgress } from './progress.mjs'
import { run } from './run.mjs'
import { hashSources } from './source-hash.mjs'

const shellFolder = join(rootFolder, 'core', 'shell')
const built = join(shellFolder, 'dist')
const next = join(shellFolder, 'dist.next')
const sources = ['core/shell', 'sdk/ui', 'sdk/plugin', 'package-lock.json']

/** Builds the web application unless the one there comes from these very sources. @throws {Error} with the builder's last words */
export async function buildShellWhenNeeded() {
  const wanted = hashSources(rootFolder, sources, ['dist.next', 'dist.previous'])
  const marker = join(built, '.sources')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return
  await withProgress('Building the web application', async () => {
    const { code, output } = await run(projectNode(), [join(rootFolder, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--outDir', next, '--emptyOutDir', '--logLevel', 'warn'], { cwd: shellFolder })
    if (code !== 0) throw new Error(`The web application does not build:\n${output.trim().split('\n').slice(-30).join('\n')}`)
    writeFileSync(join(next, '.sources'), wanted)
    replaceBuilt()
  })
}

/** A host may be serving the old build: the new one takes its place in two renames, complete. */
function replaceBuilt() {
  const previous = join(shellFolder, 'dist.previous')
  rmSync(previous, { recursive: true, force: true })
  if (existsSync(built)) renameSync(built, previous)
  renameSync(next, built)
  rmSync(previous, { recursive: true, force: true })
}
