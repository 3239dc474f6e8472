import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OpsFluxError } from '@opsflux/sdk'
import type { Binaries } from './binaries.ts'
import { isReachable } from './owner.ts'
import type { Owner } from './owner.ts'

/**
 * The files of one embedded PostgreSQL:
 * `cluster/` (PostgreSQL's own), `superuser-password` (0600), `postgres.log`.
 */
export interface ClusterFolder {
  cluster: string
  password: string
  log: string
}

export function clusterFolder(dataDir: string): ClusterFolder {
  const folder = resolve(dataDir)
  return { cluster: join(folder, 'cluster'), password: join(folder, 'superuser-password'), log: join(folder, 'postgres.log') }
}

/** How PostgreSQL's programs are started on a cluster. */
export interface RunOptions {
  cwd: string
  /** What to call the cluster's folder in arguments. */
  dataArgument: string
  uid?: number
  gid?: number
  env: Record<string, string>
}

/**
 * PostgreSQL refuses to run as root, and another user cannot enter a 0700 folder above the data by name. Its working
 * folder needs no name: it is entered while still root, and `/proc/self/cwd` leads to it without passing the folders above.
 */
export function runOptions(cluster: string, owner: Owner | undefined): RunOptions {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC', PGTZ: 'UTC' }
  if (owner === undefined) return { cwd: cluster, dataArgument: cluster, env }
  const named = isReachable(cluster, owner)
  if (!named && process.platform !== 'linux') {
    throw new OpsFluxError('not-ready', 'PostgreSQL cannot run as root, and other users may not enter the data folder. Start as an ordinary user, move OPSFLUX_HOME, or let others pass the folders above it (chmod o+x).')
  }
  return { cwd: cluster, dataArgument: named ? cluster : '/proc/self/cwd', ...owner, env }
}

/** Makes a new cluster unless there is one. A half-made one from an interrupted start is made again. @throws not-ready */
export function initialise(dataDir: string, binaries: Binaries, owner: Owner | undefined, extra: readonly string[] = []): ClusterFolder {
  const folder = clusterFolder(dataDir)
  if (existsSync(join(folder.cluster, 'PG_VERSION'))) return folder
  mkdirSync(dataDir, { recursive: true, mode: 0o755 })
  const making = `${folder.cluster}.new`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { mode: 0o700 })
  const password = randomBytes(24).toString('hex')
  writeFileSync(folder.password, password, { mode: 0o600 })
  chmodSync(folder.password, 0o600)
  initdb(making, password, binaries, owner, extra)
  renameSync(making, folder.cluster)
  return folder
}

function initdb(making: string, password: string, binaries: Binaries, owner: Owner | undefined, extra: readonly string[]): void {
  const passwordFile = `${making}.password`
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner !== undefined) for (const path of [making, passwordFile]) chownSync(path, owner.uid, owner.gid)
  const { dataArgument, ...options } = runOptions(making, owner)
  // initdb opens the password by name, and may not be able to pass the folders above it: the descriptor has a name of its own.
  const descriptor = openSync(passwordFile, 'r')
  try {
    const done = spawnSync(binaries.initdb, [
      '-D', dataArgument, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${process.platform === 'win32' ? passwordFile : '/dev/fd/3'}`,
      '-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', ...extra,
    ], { ...options, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe', descriptor] })
    if (done.status !== 0) throw new OpsFluxError('not-ready', `PostgreSQL could not make its data folder: ${errorLine(done.stderr) ?? done.error?.message ?? 'it gave no reason'}. Check the free space and the rights of the data folder.`)
  } finally {
    closeSync(descriptor)
    rmSync(passwordFile, { force: true })
  }
}

function errorLine(text: string | null): string | undefined {
  const lines = text?.split('\n').filter((line) => line.trim() !== '') ?? []
  return lines.find((line) => /error:|FATAL/.test(line)) ?? lines.at(-1)
}

export const readPassword = (folder: ClusterFolder): string => readFileSync(folder.password, 'utf8').trim()
