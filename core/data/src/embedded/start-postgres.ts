import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import { findBinaries } from './binaries.ts'
import type { Binaries } from './binaries.ts'
import { clusterFolder, initialise, readPassword, runOptions } from './folder.ts'
import type { ClusterFolder } from './folder.ts'
import { findOwner } from './owner.ts'
import type { Owner } from './owner.ts'
import { isPostmasterOf, readPostmaster, removeStalePid } from './postmaster.ts'
import type { Postmaster } from './postmaster.ts'

export interface PostgresOptions {
  /** Folder of the cluster, its password and its log; made when missing. */
  dataDir: string
  /** TCP port on 127.0.0.1. Default: a free one, another at each start. */
  port?: number
  /** No TCP port: a socket in the data folder, whose path must be short. */
  socketOnly?: boolean
  /** Server settings such as `{ fsync: 'off' }`; they do not reach a server that already runs. */
  settings?: Record<string, string>
  /** Further arguments of `initdb` when the folder is made. */
  initdbArguments?: readonly string[]
}

export interface RunningPostgres {
  /** Of the superuser, database `postgres`. Holds the password. */
  url: string
  pid: number
  /** Ends all connections, writes everything out and stops. Safe to call twice. */
  stop(): Promise<void>
}

interface Setup {
  binaries: Binaries
  folder: ClusterFolder
  owner: Owner | undefined
}

/**
 * Starts the embedded PostgreSQL on a data folder, or attaches to the one that outlived a killed process.
 * It listens on 127.0.0.1 or a socket only, and does not end with this process: stop it.
 * @throws not-ready
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  refuseLongSocket(options)
  const owner = findOwner()
  const binaries = findBinaries(owner)
  const folder = initialise(options.dataDir, binaries, owner, options.initdbArguments)
  const setup = { binaries, folder, owner }
  const postmaster = (await attach(setup)) ?? (await launch(setup, options))
  return { url: urlOf(folder, postmaster), pid: postmaster.pid, stop: () => stop(setup, postmaster.pid) }
}

// A server may need a while to replay what a power cut left; a minute is far above what was seen (2.8 s).
const recoverySeconds = 60

async function attach({ folder }: Setup): Promise<Postmaster | undefined> {
  removeStalePid(folder.cluster)
  const found = readPostmaster(folder.cluster)
  if (found === undefined) return undefined
  const ready = await waitUntilReady(folder, found.pid)
  if (ready === undefined || (await letsUsIn(folder, ready))) return ready
  // Killed a moment ago, it may still have looked alive.
  if (await isGoneSoon(folder, ready.pid)) return undefined
  throw new OpsFluxError('not-ready', `A PostgreSQL (process ${ready.pid}) runs on this data folder but does not let us in. End it, and start again.`)
}

async function waitUntilReady(folder: ClusterFolder, pid: number): Promise<Postmaster | undefined> {
  const deadline = Date.now() + recoverySeconds * 1000
  while (Date.now() < deadline) {
    const now = readPostmaster(folder.cluster)
    if (now?.pid === pid && now.ready) return now
    if (!isPostmasterOf(pid, folder.cluster)) return undefined
    await delay(10)
  }
  throw new OpsFluxError('not-ready', `PostgreSQL (process ${pid}) has not become ready in ${recoverySeconds} s. Look into postgres.log in its data folder.`)
}

async function letsUsIn(folder: ClusterFolder, postmaster: Postmaster): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(folder, postmaster), connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

async function isGoneSoon({ cluster }: ClusterFolder, pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (!isPostmasterOf(pid, cluster)) return true
    await delay(20)
  }
  return false
}

// After a kill the old processes hold the shared memory and the port for a moment: ask again for about 2 s.
const attempts = 10

async function launch(setup: Setup, options: PostgresOptions): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    const logStart = existsSync(setup.folder.log) ? statSync(setup.folder.log).size : 0
    const started = await waitUntilReady(setup.folder, spawnServer(setup, port, options))
    if (started !== undefined) return started
    const reason = fatalLine(setup.folder.log, logStart)
    if (attempt === attempts) {
      const inUse = /could not bind|could not create any TCP/.test(reason)
      throw new OpsFluxError('not-ready', inUse
        ? `PostgreSQL cannot listen on port ${port} of 127.0.0.1: another program does. Choose another port.`
        : `PostgreSQL does not start: ${reason || 'it gave no reason'}. See postgres.log in its data folder.`)
    }
    await delay(200)
    removeStalePid(setup.folder.cluster)
  }
}

function spawnServer({ binaries, folder, owner }: Setup, port: number, options: PostgresOptions): number {
  const { dataArgument, ...spawnOptions } = runOptions(folder.cluster, owner)
  const settings: Record<string, string> = { port: String(port), ...places(dataArgument, options), ...options.settings }
  const log = openSync(folder.log, 'a', 0o600)
  try {
    // Detached: Ctrl-C reaches us, and we stop PostgreSQL after everything that uses it.
    const child = spawn(binaries.postgres, ['-D', dataArgument, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...spawnOptions, detached: true, stdio: ['ignore', log, log] })
    child.on('error', () => undefined)
    child.unref()
    if (child.pid === undefined) throw new OpsFluxError('not-ready', 'The PostgreSQL program cannot be started. Install the dependencies again, or set DATABASE_URL.')
    return child.pid
  } finally {
    closeSync(log)
  }
}

function places(dataArgument: string, { socketOnly }: PostgresOptions): Record<string, string> {
  return socketOnly === true
    ? { listen_addresses: '', unix_socket_directories: dataArgument }
    : { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
}

// sockaddr_un holds 108 bytes on Linux, 104 on macOS, the ending zero included.
const longestSocketPath = process.platform === 'linux' ? 107 : 103

function refuseLongSocket({ socketOnly, dataDir }: PostgresOptions): void {
  if (socketOnly !== true || Buffer.byteLength(join(clusterFolder(dataDir).cluster, '.s.PGSQL.65535')) <= longestSocketPath) return
  throw new OpsFluxError('not-ready', 'The path of the data folder is too long for a socket. Move OPSFLUX_HOME to a shorter one.')
}

function urlOf(folder: ClusterFolder, { port, socketFolder }: Postmaster): string {
  const url = new URL(`postgresql://postgres:${readPassword(folder)}@127.0.0.1:${port}/postgres`)
  if (socketFolder !== '') url.searchParams.set('host', folder.cluster)
  return url.href
}

async function stop({ binaries, folder, owner }: Setup, pid: number): Promise<void> {
  if (!isPostmasterOf(pid, folder.cluster)) return
  const { dataArgument, ...options } = runOptions(folder.cluster, owner)
  try {
    await promisify(execFile)(binaries.pgCtl, ['-D', dataArgument, '-m', 'fast', '-w', '-t', '30', 'stop'], options)
  } catch (cause) {
    if (!isPostmasterOf(pid, folder.cluster)) return
    throw new OpsFluxError('not-ready', `PostgreSQL (process ${pid}) did not stop within 30 s. See postgres.log in its data folder.`, { cause })
  }
}

/** Version of the embedded PostgreSQL, such as `18.4.0-beta.17`. @throws not-ready where there is none */
export const embeddedVersion = (): string => findBinaries(findOwner()).version

/** Ends what a killed process left running on a data folder, at once and without care for its data. For tests. */
export function endPostgres(dataDir: string): void {
  const { cluster } = clusterFolder(dataDir)
  const left = readPostmaster(cluster)
  if (left !== undefined && isPostmasterOf(left.pid, cluster)) process.kill(left.pid, 'SIGQUIT')
}

function fatalLine(log: string, from: number): string {
  const lines = readFileSync(log).subarray(from).toString('utf8').split('\n')
  return lines.find((line) => /(FATAL|could not bind)/.test(line))?.replace(/^.*?(FATAL|LOG|WARNING):\s*/, '') ?? ''
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
