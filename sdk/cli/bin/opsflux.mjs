#!/usr/bin/env node
// Sources are TypeScript, which Node.js runs by itself from version 24 on. An older one looks for the one npm installed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)
/** @param {string} version */
const isNew = (version) => Number(version.split('.')[0]) >= 24

if (isNew(process.versions.node)) {
  const { run } = await import('../src/main.ts')
  process.exitCode = await run(process.argv.slice(2))
} else {
  const node = process.env.OPSFLUX_CLI_RESTARTED ? undefined : installedNode()
  if (node) {
    const { status } = spawnSync(node, [here, ...process.argv.slice(2)], { stdio: 'inherit', shell: process.platform === 'win32', env: { ...process.env, OPSFLUX_CLI_RESTARTED: '1' } })
    process.exitCode = status ?? 1
  } else {
    console.error(`opsflux needs Node.js 24 or newer; this is ${process.versions.node}. Install Node.js 24, or run \`npm install\` in the workspace, which brings it.`)
    process.exitCode = 1
  }
}

function installedNode() {
  for (const start of [dirname(here), process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const node = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
      if (existsSync(node) && isNew(versionOf(node))) return node
      if (folder === dirname(folder)) break
    }
  }
  return undefined
}

/** @param {string} node path of a program */
function versionOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
  return (stdout ?? '').trim().replace(/^v/, '')
}
