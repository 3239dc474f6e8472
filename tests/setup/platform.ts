import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { startHost, type Host, type HostConfig, type HostOptions } from '@opsflux/host'
import { ApiClient } from './api-client.ts'
import type { Child } from './child.ts'
import { publishHseReports, TestRegistry } from './registry.ts'

export const password = 'correct horse battery staple'

type Publish = (registry: TestRegistry) => Promise<void>

interface Parts {
  home: string
  database: TestDatabase
  registry: TestRegistry
  marketplace: Child
  config: HostConfig
}

/** A whole platform for one test: registry and marketplace processes, a database of its own, a host in this process. */
export class TestPlatform {
  readonly parts: Parts
  host: Host
  readonly #options: HostOptions

  private constructor(parts: Parts, host: Host, options: HostOptions) {
    this.parts = parts
    this.host = host
    this.#options = options
  }

  /** @param config what differs from the usual, @param publish what the registry has */
  static async start({ config, publish, ...options }: Partial<HostOptions> & { config?: Partial<HostConfig>; publish?: Publish } = {}): Promise<TestPlatform> {
    const parts = await startParts(publish)
    Object.assign(parts.config, config)
    const all: HostOptions = { log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }), ...options }
    return new TestPlatform(parts, await startHost(parts.config, all), all)
  }

  /** The administrator; the first call replaces the one-time password. */
  async signIn(): Promise<ApiClient> {
    const first = this.host.firstAdministrator
    if (!first) return ApiClient.signIn(this.host.url, this.parts.config.adminEmail, password)
    const client = await ApiClient.signIn(this.host.url, first.email, first.password, password)
    this.host.firstAdministrator = undefined
    return client
  }

  /** Stops the host in order and starts it again, at another port, on the same home and database; `meanwhile` runs in between. */
  async restart(meanwhile?: () => Promise<unknown>): Promise<void> {
    await this.host.stop()
    await meanwhile?.()
    this.host = await startHost(this.parts.config, this.#options)
  }

  async stop(): Promise<void> {
    await this.host.stop()
    await stopParts(this.parts)
  }
}

/** All but the host. */
export async function startParts(publish: Publish = publishHseReports): Promise<Parts> {
  const home = await mkdtemp(join(tmpdir(), 'opsflux-test-'))
  const registry = await TestRegistry.start(home)
  await publish(registry)
  const marketplace = await registry.startMarketplace()
  const database = await testDatabase()
  const config: HostConfig = {
    databaseUrl: database.adminUrl, home: join(home, 'host'), port: 0, bind: '127.0.0.1', registryUrl: registry.url, registryRoot: registry.rootFile, marketplaceUrl: marketplace.url,
    secretFile: join(home, 'secret'), adminEmail: 'admin@opsflux.local',
  }
  await writeFile(config.secretFile, database.secret)
  return { home, database, registry, marketplace, config }
}

export async function stopParts({ home, database, registry, marketplace }: Parts): Promise<void> {
  await Promise.all([marketplace.stop(), registry.process.stop()])
  await database.close()
  await rm(home, { recursive: true, force: true })
}
