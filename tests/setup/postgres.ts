import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedVersion, endPostgres, startPostgres } from '@opsflux/data'
import type { TestProject } from 'vitest/node'

const folder = join(tmpdir(), `opsflux-tests-${process.getuid?.() ?? 'user'}`)

// Nothing in a test outlives a power cut: no write waits for the disk.
const settings = {
  fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off', shared_buffers: '32MB', max_connections: '200',
}

/** One PostgreSQL for the whole run; `TEST_DATABASE_URL` (of a superuser) uses another instead. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') {
    project.provide('postgresUrl', given)
    return undefined
  }
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  removeLeftovers()
  const dataDir = join(folder, `run-${process.pid}`)
  copyFolder(await ensureTemplate(), dataDir)
  const postgres = await startPostgres({ dataDir, settings })
  project.provide('postgresUrl', postgres.url)
  return async () => {
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

// Making a cluster takes up to 4 s on a busy machine, copying one 60 ms.
async function ensureTemplate(): Promise<string> {
  const template = join(folder, `template-${embeddedVersion()}`)
  if (existsSync(template)) return template
  const making = join(folder, `run-${process.pid}`)
  const postgres = await startPostgres({ dataDir: making, settings, initdbArguments: ['--no-sync', '--wal-segsize=1'] })
  await postgres.stop()
  try {
    renameSync(making, template)
  } catch (error) {
    if (!existsSync(template)) throw error
    rmSync(making, { recursive: true, force: true })
  }
  return template
}

function copyFolder(from: string, to: string): void {
  // Node's own copy gives the files to us; PostgreSQL takes only its own.
  if (process.platform === 'win32') cpSync(from, to, { recursive: true })
  else execFileSync('cp', ['-a', from, to])
}

function removeLeftovers(): void {
  for (const name of readdirSync(folder)) {
    const runner = Number(/^run-(\d+)$/.exec(name)?.[1])
    if (!Number.isInteger(runner) || (runner !== process.pid && isRunning(runner))) continue
    endPostgres(join(folder, name))
    rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
