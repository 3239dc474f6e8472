import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { buildPackage } from '@opsflux/cli'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { startHost, type Host, type HostConfig, type HostOptions } from '@opsflux/host'
import { generateKeyPair } from '@opsflux/registry-metadata'
import { publishRelease } from '@opsflux/registry-client'
import { ApiClient } from './api-client.ts'
import { runScript, startChild, type Child } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const password = 'correct horse battery staple'
export const hseReports = join(root, 'plugins/hse-reports')
export const hseReportsFirst = join(hseReports, 'releases/1.0.0')
export const hseReportsBroken = join(root, 'tests/fixtures/hse-reports-1.2.0')
export const hello = join(root, 'tests/fixtures/hello')

export interface BuildRequest { folder: string; overlay?: string }

/** A whole platform for one test: registry and marketplace processes, a database of its own, a host in this process. */
export class TestPlatform {
  readonly home: string
  readonly database: TestDatabase
  readonly registry: Child
  readonly marketplace: Child
  readonly config: HostConfig
  readonly keyFile: string
  host: Host
  #options: HostOptions

  private constructor(parts: { home: string; database: TestDatabase; registry: Child; marketplace: Child; config: HostConfig; keyFile: string; host: Host; options: HostOptions }) {
    this.home = parts.home
    this.database = parts.database
    this.registry = parts.registry
    this.marketplace = parts.marketplace
    this.config = parts.config
    this.keyFile = parts.keyFile
    this.host = parts.host
    this.#options = parts.options
  }

  static async start({ publish = [], onStep }: { publish?: BuildRequest[]; onStep?: HostOptions['onStep'] } = {}): Promise<TestPlatform> {
    const home = await mkdtemp(join(tmpdir(), 'opsflux-test-'))
    const registryHome = join(home, 'registry')
    const keyFile = await makeKey(home)
    await runScript('registry/repository/src/admin.ts', ['init', '--home', registryHome])
    await runScript('registry/repository/src/admin.ts', ['add-publisher', '--home', registryHome, '--name', 'opsflux', '--prefix', 'hse-', '--prefix', 'hello-', '--key', join(home, 'publisher.public.pem')])
    const registry = await startChild('registry/repository/src/main.ts', { OPSFLUX_REGISTRY_HOME: registryHome, OPSFLUX_REGISTRY_PORT: '0' })
    const rootFile = join(registryHome, 'root.json')
    for (const request of publish) await publishTo(registry.url, keyFile, home, request)
    const marketplace = await startChild('marketplace/server/src/main.ts', {
      OPSFLUX_MARKETPLACE_HOME: join(home, 'marketplace'), OPSFLUX_MARKETPLACE_PORT: '0', OPSFLUX_REGISTRY_URL: registry.url, OPSFLUX_REGISTRY_ROOT: rootFile,
    })
    const database = await testDatabase()
    const config: HostConfig = {
      databaseUrl: database.adminUrl, home: join(home, 'host'), port: 0, bind: '127.0.0.1', registryUrl: registry.url, registryRoot: rootFile, marketplaceUrl: marketplace.url,
      secretFile: join(home, 'secret'), adminEmail: 'admin@opsflux.local',
    }
    await writeFile(config.secretFile, database.secret)
    const options: HostOptions = { log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }), ...(onStep ? { onStep } : {}) }
    const host = await startHost(config, options)
    return new TestPlatform({ home, database, registry, marketplace, config, keyFile, host, options })
  }

  /** The administrator; the first call replaces the one-time password. */
  async signIn(): Promise<ApiClient> {
    const first = this.host.firstAdministrator
    if (!first) return ApiClient.signIn(this.host.url, this.config.adminEmail, password)
    const client = await ApiClient.signIn(this.host.url, first.email, first.password, password)
    this.host.firstAdministrator = undefined
    return client
  }

  /** Builds and signs a package. */
  async build(request: BuildRequest): Promise<string> {
    return buildSigned(this.keyFile, this.home, request)
  }

  publish(request: BuildRequest): Promise<void> {
    return publishTo(this.registry.url, this.keyFile, this.home, request)
  }

  /** Stops the host in order and starts it again on the same home and database. */
  async restart(): Promise<void> {
    await this.host.stop()
    this.host = await startHost(this.config, this.#options)
  }

  async stop(): Promise<void> {
    await this.host.stop()
    await Promise.all([this.marketplace.stop(), this.registry.stop()])
    await this.database.close()
    await rm(this.home, { recursive: true, force: true })
  }
}

async function makeKey(home: string): Promise<string> {
  const { privateKeyPem, publicKeyPem } = generateKeyPair()
  const path = join(home, 'publisher.private.pem')
  await writeFile(path, privateKeyPem, { mode: 0o600 })
  await writeFile(join(home, 'publisher.public.pem'), publicKeyPem)
  return path
}

async function buildSigned(keyFile: string, home: string, { folder, overlay }: BuildRequest): Promise<string> {
  const { path } = await buildPackage({ folder, privateKeyPem: await readFile(keyFile, 'utf8'), out: join(home, 'built'), ...(overlay ? { overlay } : {}) })
  return path
}

async function publishTo(registryUrl: string, keyFile: string, home: string, request: BuildRequest): Promise<void> {
  const packagePath = await buildSigned(keyFile, home, request)
  await publishRelease({ registryUrl, packagePath, publisher: 'opsflux', privateKeyPem: await readFile(keyFile, 'utf8') })
}
