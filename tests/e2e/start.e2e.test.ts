import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testDatabase } from '@opsflux/data/testing'
import { ApiClient } from '../setup/api-client.ts'
import { freePorts, killAtOnce, Launcher, untilGone, untilStatus, type Ports, type PortVariable, type ProcessName } from './launcher.ts'

const email = 'admin@opsflux.local'
const ownPassword = 'a password chosen by its owner'

describe('npm start', () => {
  let folder: string
  let home: string
  let ports: Ports
  let running: Launcher
  let firstOutput: string
  const url = (variable: PortVariable, path: string): string => `http://127.0.0.1:${ports[variable]}${path}`
  const ready = (variable: PortVariable): string => url(variable, '/health/ready')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opsflux start '))
    home = join(folder, 'data folder')
    ports = await freePorts()
    running = new Launcher(home, ports)
    await running.ready()
    firstOutput = running.output
    // Data of its own to look for after every kill.
    await ApiClient.signIn(url('OPSFLUX_PORT', ''), email, running.password ?? '', ownPassword)
  }, 120_000)

  afterAll(async () => {
    await running.interrupt()
    await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    if (running.process.exitCode !== null || running.process.signalCode !== null) running = await new Launcher(home, ports).ready()
    await expectDataKept()
  })

  async function expectDataKept(): Promise<void> {
    await untilStatus(ready('OPSFLUX_PORT'), 200)
    await ApiClient.signIn(url('OPSFLUX_PORT', ''), email, ownPassword)
  }

  test('serves on a new data folder whose path has spaces, and says where, with the first administrator', async () => {
    expect(firstOutput).toContain(url('OPSFLUX_PORT', ''))
    expect(firstOutput).toContain(home)
    expect(firstOutput).toMatch(/password +\S{12,}/)
    for (const variable of ['OPSFLUX_PORT', 'OPSFLUX_REGISTRY_PORT', 'OPSFLUX_MARKETPLACE_PORT'] as const) {
      expect((await fetch(ready(variable))).status).toBe(200)
      expect((await fetch(url(variable, '/health/live'))).status).toBe(200)
    }
    expect(await (await fetch(url('OPSFLUX_PORT', '/'))).text()).toContain('<div id="app"')
  })

  test('has published every release of the first-party plugins', async () => {
    const { data } = await (await fetch(url('OPSFLUX_MARKETPLACE_PORT', '/api/catalogue'))).json() as { data: { id: string; versions: { version: string }[] }[] }
    const versions = data.find(({ id }) => id === 'hse-reports')?.versions.map(({ version }) => version)
    expect(versions).toEqual(expect.arrayContaining(['1.0.0', '1.2.0']))
  })

  test('keeps keys, logs and data to the owner', async () => {
    for (const part of ['keys', 'logs', 'host', 'registry', 'run']) expect((await stat(join(home, part))).mode & 0o077).toBe(0)
    for (const file of await readdir(join(home, 'keys'))) expect((await stat(join(home, 'keys', file))).mode & 0o777).toBe(0o600)
    for (const name of ['host', 'registry', 'marketplace']) {
      const lines = (await readFile(join(home, 'logs', `${name}.log`), 'utf8')).trim().split('\n')
      for (const line of lines) expect(JSON.parse(line)).toMatchObject({ process: name })
    }
  })

  test('refuses a second start on the same data folder', async () => {
    const second = new Launcher(home, await freePorts())
    expect(await second.ended).toBe(1)
    expect(second.output).toMatch(/already runs .*Stop it .*OPSFLUX_HOME/)
    expect((await fetch(ready('OPSFLUX_PORT'))).status).toBe(200)
  })

  describe.each<[ProcessName, PortVariable]>([['host', 'OPSFLUX_PORT'], ['registry', 'OPSFLUX_REGISTRY_PORT'], ['marketplace', 'OPSFLUX_MARKETPLACE_PORT']])('a killed %s', (name, variable) => {
    test('comes back by itself, and the person is told', async () => {
      const told = running.output.length
      const pid = running.pidOf(name)
      killAtOnce(pid)
      await running.says(`The ${name} serves again`)
      await untilStatus(ready(variable), 200)
      expect(running.pidOf(name)).not.toBe(pid)
      expect(running.output.slice(told)).toContain(`The ${name} ended unexpectedly (SIGKILL)`)
      await expectDataKept()
    })
  })

  test('while PostgreSQL is gone the host lives but is not ready; it comes back by itself', async () => {
    const launcher = running.pidOf('launcher')
    // Stopped, so that the launcher cannot start it again before anybody has looked.
    process.kill(launcher, 'SIGSTOP')
    try {
      killAtOnce(running.pidOf('postgres'))
      await untilStatus(ready('OPSFLUX_PORT'), 503)
      expect((await fetch(url('OPSFLUX_PORT', '/health/live'))).status).toBe(200)
    } finally {
      process.kill(launcher, 'SIGCONT')
    }
    await running.says('The database serves again')
    await expectDataKept()
  })

  test('a killed launcher takes its services with it, and a new start goes on with the same data', async () => {
    const services = (['host', 'registry', 'marketplace'] as const).map((name) => running.pidOf(name))
    const database = running.pidOf('postgres')
    killAtOnce(running.pidOf('launcher'))
    expect(await running.ended).toBe(1)
    await untilGone(services)
    running = await new Launcher(home, ports).ready()
    expect(running.pidOf('postgres')).toBe(database)
    expect(running.password, 'it was used').toBeUndefined()
    await expectDataKept()
  })

  test('everything killed at once, and a new start recovers', async () => {
    const pids = running.pids
    for (const pid of pids) killAtOnce(pid)
    await running.ended
    await untilGone(pids)
    running = await new Launcher(home, ports).ready()
    await expectDataKept()
  })

  test('releases whose record was lost are published again without harm; changed ones are named', async () => {
    await running.interrupt()
    const path = join(home, 'published.json')
    const record = JSON.parse(await readFile(path, 'utf8')) as { releases: Record<string, { sources: string; state: string }> }
    const [first = '', second = ''] = Object.keys(record.releases)
    const known = record.releases[second]
    delete record.releases[first]
    await writeFile(path, JSON.stringify({ ...record, releases: { [second]: { ...known, state: 'differs' } } }))
    running = await new Launcher(home, ports).ready()
    expect(running.output).toContain(`The sources of ${second.replace('@', ' ')} have changed since that was published.`)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ releases: { [first]: { state: 'published' } } })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops everything in order and leaves no process', async (signal) => {
    const pids = running.pids
    running.process.kill(signal)
    expect(await running.ended).toBe(0)
    await untilGone(pids)
    expect(await readdir(join(home, 'run'))).toEqual([])
    expect(running.output).toContain('Stopped in')
  })

  test('a second Ctrl-C ends what does not want to stop', async () => {
    const pids = running.pids
    process.kill(running.pidOf('host'), 'SIGSTOP')
    await running.interruptUntilEnded()
    await untilGone(pids)
  })

  test('a killed bootstrap script leaves no process either', async () => {
    const pids = running.pids
    running.process.kill('SIGKILL')
    await untilGone(pids)
  })
})

describe('npm start that cannot start', () => {
  let folder: string
  let taken: Server
  const launchers: Launcher[] = []
  const launch = (home: string, ports: Ports, environment: NodeJS.ProcessEnv = {}): Launcher => {
    const launcher = new Launcher(join(folder, home), ports, environment)
    launchers.push(launcher)
    return launcher
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opsflux-start-'))
    taken = createServer()
    await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve) })
  })

  afterAll(async () => {
    for (const launcher of launchers) launcher.process.kill('SIGINT')
    await Promise.all(launchers.map((launcher) => launcher.ended))
    taken.close()
    await rm(folder, { recursive: true, force: true })
  })

  test.each<[PortVariable, string]>([
    ['OPSFLUX_PORT', 'the web interface'], ['OPSFLUX_REGISTRY_PORT', 'the registry'], ['OPSFLUX_MARKETPLACE_PORT', 'the marketplace'], ['OPSFLUX_DATABASE_PORT', 'the database'],
  ])('names a busy port, what it is for and %s', async (variable, purpose) => {
    const { port } = taken.address() as AddressInfo
    const launcher = launch('busy', { ...await freePorts(), [variable]: port })
    expect(await launcher.ended).toBe(1)
    expect(launcher.output).toMatch(new RegExp(`Port ${port}, needed for ${purpose}, .*${variable}`))
  })

  test('names the data folder it may not write to', async () => {
    await writeFile(join(folder, 'file'), '')
    const launcher = launch('file/home', await freePorts())
    expect(await launcher.ended).toBe(1)
    expect(launcher.output).toMatch(/data folder .*file\/home cannot be written to .*OPSFLUX_HOME/)
  })

  test('says what is wrong with DATABASE_URL, without its password', async () => {
    const { port } = taken.address() as AddressInfo
    taken.once('connection', (socket) => socket.destroy())
    const launcher = launch('external', await freePorts(), { DATABASE_URL: `postgresql://someone:secret-word@127.0.0.1:${port}/opsflux` })
    expect(await launcher.ended).toBe(1)
    expect(launcher.output).toMatch(new RegExp(`PostgreSQL at 127\\.0\\.0\\.1:${port}/opsflux \\(DATABASE_URL\\) cannot be used`))
    expect(launcher.output).not.toContain('secret-word')
  })
})

test('npm start uses the PostgreSQL that DATABASE_URL names, and leaves it running', async () => {
  await using database = await testDatabase()
  const home = await mkdtemp(join(tmpdir(), 'opsflux-external-'))
  // The roles of a server are one for all its databases: their passwords come from this secret.
  await mkdir(join(home, 'keys'))
  await writeFile(join(home, 'keys', 'secret'), database.secret)
  const ports = await freePorts()
  const launcher = new Launcher(home, ports, { DATABASE_URL: database.adminUrl })
  try {
    await launcher.ready()
    expect(launcher.output).toMatch(/Database .*PostgreSQL \d+\S* at /)
    await ApiClient.signIn(`http://127.0.0.1:${ports.OPSFLUX_PORT}`, email, launcher.password ?? '', ownPassword)
    expect(await readdir(home)).not.toContain('postgres')
    expect(await launcher.interrupt()).toBe(0)
  } finally {
    await launcher.interrupt()
    await rm(home, { recursive: true, force: true })
  }
})
