import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { rootFolder } from './paths.mjs'
import { identifyProcess } from './process-identity.mjs'
import { withProgress } from './progress.mjs'
import { run } from './run.mjs'
import { hashSources } from './source-hash.mjs'

const marker = join(rootFolder, 'node_modules', '.opsflux-installed')
const installer = join(rootFolder, '.cache', 'installer.json')

/**
 * What an installation depends on: the lock file, npm's settings, every package.json and the machine.
 * @returns {string}
 */
export function installationHash() {
  const { workspaces } = JSON.parse(readFileSync(join(rootFolder, 'package.json'), 'utf8'))
  const folders = workspaces.flatMap((/** @type {string} */ pattern) => {
    const parent = pattern.replace('/*', '')
    return existsSync(join(rootFolder, parent)) ? readdirSync(join(rootFolder, parent)).toSorted().map((name) => `${parent}/${name}/package.json`) : []
  })
  return `${hashSources(rootFolder, ['package-lock.json', '.npmrc', 'package.json', ...folders])} ${process.platform}-${process.arch}`
}

/** Whether exactly the dependencies that are asked for are there. */
export function isInstalled() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === installationHash()
}

/** Installs the dependencies. @throws {Error} with npm's last words */
export async function installDependencies() {
  await untilInstallerEnds()
  if (!isInstalledByHand()) await withProgress('Installing dependencies (once, about a minute)', install)
  // Written last, in one step: an installation cut short is done again.
  writeFileSync(`${marker}.new`, installationHash())
  renameSync(`${marker}.new`, marker)
}

/** An npm whose command was killed goes on alone: two of them in one folder would spoil each other's work. */
async function untilInstallerEnds() {
  const { pid, identity } = existsSync(installer) ? JSON.parse(readFileSync(installer, 'utf8')) : {}
  if (pid === undefined || identity === undefined) return
  if (identifyProcess(pid) === identity) process.stdout.write(`  … An installation that was cut off goes on in process ${pid}: waiting for it\n`)
  while (identifyProcess(pid) === identity) await setTimeout(200)
}

/** True when npm's own record says that somebody installed exactly what the lock file asks for. */
function isInstalledByHand() {
  const record = readPackages('node_modules/.package-lock.json')
  const lock = readPackages('package-lock.json')
  if (!record || !lock) return false
  const wanted = Object.entries(lock).filter(([path, entry]) => path.startsWith('node_modules/') && !entry.link && (!entry.optional || record[path]))
  return wanted.every(([path, entry]) => record[path]?.version === entry.version && existsSync(join(rootFolder, path)))
}

/**
 * @typedef {{ version?: string, link?: boolean, optional?: boolean }} LockEntry
 * @param {string} path @returns {Record<string, LockEntry> | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(rootFolder, path), 'utf8')).packages
  } catch {
    return undefined
  }
}

async function install() {
  rmSync(marker, { force: true })
  const command = existsSync(join(rootFolder, 'package-lock.json')) ? 'ci' : 'install'
  // No package needs its install script: the native ones bring prebuilt binaries, and the database links its libraries at start.
  const { code, output } = await runNpm([command, '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'])
  if (code !== 0) throw new Error(`npm ${command} failed:\n${output.trim().split('\n').slice(-20).join('\n')}`)
}

/**
 * npm on the machine's own Node: an installation replaces the one below node_modules, which `npm run` puts first in PATH.
 * @param {readonly string[]} args
 */
function runNpm(args) {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(rootFolder) && !folder.includes('node-gyp-bin'))
  const env = { ...process.env, PATH: path.join(delimiter) }
  const options = { cwd: rootFolder, env, onStart: rememberInstaller }
  const { npm_node_execpath: node, npm_execpath: npm } = process.env
  if (node && npm && !node.startsWith(rootFolder)) return run(node, [npm, ...args], options)
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, options)
}

/** @param {number} pid */
function rememberInstaller(pid) {
  writeFileSync(`${installer}.new`, JSON.stringify({ pid, identity: identifyProcess(pid) }))
  renameSync(`${installer}.new`, installer)
}
