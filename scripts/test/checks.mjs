import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectNode, rootFolder } from '../setup/paths.mjs'
import { run } from '../setup/run.mjs'
import { listLockFaults } from './lock-faults.mjs'

/**
 * What is right or wrong as a whole.
 * @typedef {{ name: string, work: () => Promise<string | undefined> }} Check `work` says what is wrong, if anything
 */

/** @returns {Check[]} the longest first */
export function listChecks() {
  return [
    { name: 'types of the pages (vue-tsc)', work: () => runTool('vue-tsc/bin/vue-tsc.js', ['-p', 'tsconfig.vue.json']) },
    { name: 'types (tsc)', work: () => runTool('typescript/bin/tsc', ['-p', 'tsconfig.json']) },
    { name: 'lint (oxlint)', work: () => runTool('oxlint/bin/oxlint', ['--deny-warnings']) },
    { name: 'lock file', work: checkLockFile },
  ]
}

/** @param {string} program below node_modules @param {readonly string[]} args */
async function runTool(program, args) {
  const { code, output } = await run(projectNode(), [join(rootFolder, 'node_modules', program), ...args], { cwd: rootFolder })
  return code === 0 ? undefined : output.trim() || `${program} ended with code ${code}.`
}

async function checkLockFile() {
  const faults = listLockFaults(JSON.parse(readFileSync(join(rootFolder, 'package-lock.json'), 'utf8')))
  return faults.length === 0 ? undefined : faults.join('\n')
}
