import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres } from './start-postgres.ts'
import type { PostgresOptions, RunningPostgres } from './start-postgres.ts'

const initdbArguments = ['--no-sync', '--wal-segsize=1']

describe('startPostgres', () => {
  let folder: string
  let running: RunningPostgres | undefined
  beforeAll(() => {
    // 0700, as a home folder: another user cannot pass it, and PostgreSQL does not run as root.
    folder = mkdtempSync(join(tmpdir(), 'opsflux-embedded-'))
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const start = async (options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> => {
    running = await startPostgres({ dataDir: join(folder, 'data'), initdbArguments, ...options })
    return running
  }

  it('serves on 127.0.0.1 from a folder others cannot enter, with a password nobody else can read', async () => {
    const { url } = await start()
    expect(new URL(url).hostname).toBe('127.0.0.1')
    expect(await ask(url, "select current_setting('listen_addresses') as answer")).toBe('127.0.0.1')
    expect(await ask(url, "select current_setting('password_encryption') as answer")).toBe('scram-sha-256')
    expect(statSync(join(folder, 'data', 'superuser-password')).mode & 0o777).toBe(0o600)
    const wrong = new URL(url)
    wrong.password = 'guessed'
    await expect(ask(wrong.href, 'select 1 as answer')).rejects.toThrow('password')
  })

  it('attaches to the server that outlived a killed process', async () => {
    const first = await start()
    const second = await start()
    expect(second).toMatchObject({ pid: first.pid, url: first.url })
  })

  it('starts again after a kill, with every row that was acknowledged', async () => {
    const first = await start()
    await ask(first.url, 'create table acknowledged as select generate_series(1, 1000) as n')
    process.kill(first.pid, 'SIGKILL')
    const second = await start()
    expect(second.pid).not.toBe(first.pid)
    expect(await ask(second.url, 'select count(*)::integer as answer from acknowledged')).toBe(1000)
  })

  it('does not take another process for the one of a pid file left behind', async () => {
    await (await start()).stop()
    const pidFile = join(folder, 'data', 'cluster', 'postmaster.pid')
    writeFileSync(pidFile, `${process.pid}\n/left\n1\n1\n\n127.0.0.1\n\nready\n`)
    const { pid } = await start()
    expect(Number(readFileSync(pidFile, 'utf8').split('\n')[0])).toBe(pid)
  })

  it('makes a cluster again that was interrupted while it was made', async () => {
    mkdirSync(join(folder, 'interrupted', 'cluster.new', 'base'), { recursive: true })
    const { url } = await start({ dataDir: join(folder, 'interrupted') })
    expect(await ask(url, 'select 1 as answer')).toBe(1)
  })

  it('says which port is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const { port } = server.address() as AddressInfo
    await expect(start({ port })).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining(`port ${port}`) })
    await new Promise((resolve) => server.close(resolve))
  })

  it('refuses a socket whose path is too long', async () => {
    await expect(start({ dataDir: join(folder, 'long'.repeat(30)), socketOnly: true })).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining('too long') })
  })

  it.skipIf(process.platform === 'win32')('serves on a socket only', async () => {
    const { url } = await start({ dataDir: join(folder, 's'), socketOnly: true })
    expect(await ask(url, "select current_setting('listen_addresses') as answer")).toBe('')
  })

  it('can be stopped twice, and takes settings', async () => {
    const server = await start({ settings: { work_mem: '7MB' } })
    expect(await ask(server.url, "select current_setting('work_mem') as answer")).toBe('7MB')
    await server.stop()
    await server.stop()
    await expect(ask(server.url, 'select 1 as answer')).rejects.toThrow()
  })
})

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<{ answer: unknown }>(sql)).rows[0]?.answer
  } finally {
    await client.end()
  }
}
