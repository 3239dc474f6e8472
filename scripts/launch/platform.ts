import { join } from 'node:path'
import { databaseOf } from './choose-database.ts'
import type { Database } from './database.ts'
import { findPrefixes } from './first-party.ts'
import type { Home } from './home.ts'
import { LogFile } from './log-file.ts'
import { Publication } from './publication.ts'
import { prepareRegistry, type RegistryHome } from './registry-home.ts'
import type { Report } from './report.ts'
import { Service, type ServiceMessage } from './service.ts'
import type { PortName, Settings } from './settings.ts'

export interface FirstAdministrator {
  email: string
  password: string
}

export interface PlatformOptions {
  rootFolder: string
  settings: Settings
  home: Home
  report: Report
}

const graceMs = 10_000
const programs = { host: 'core/host/src/main.ts', marketplace: 'marketplace/server/src/main.ts', registry: 'registry/repository/src/main.ts' }
type ServiceName = keyof typeof programs
const stopOrder: readonly ServiceName[] = ['host', 'marketplace', 'registry']

/** The processes of one installation: what starts before what, and what stops after what. */
export class Platform {
  /** Set while the one-time password is still good. */
  firstAdministrator: FirstAdministrator | undefined
  /** True when this start made the registry. */
  isNew = false
  isStopping = false
  readonly #options: PlatformOptions
  readonly #database: Database
  readonly #services = new Map<ServiceName, Service>()
  readonly #logs: LogFile[] = []

  constructor(options: PlatformOptions) {
    this.#options = options
    this.#database = databaseOf(options.settings, (message) => options.report.notice(message))
  }

  /** What it is about to listen on. */
  get ports(): PortName[] {
    return ['web', 'registry', 'marketplace', ...(this.#database.needsPort ? ['database' as const] : [])]
  }

  /** Answers with the URL of the web interface. @throws LaunchError */
  async start(): Promise<string> {
    const { report, home, rootFolder, settings } = this.#options
    const registryHome = await prepareRegistry(home, findPrefixes(rootFolder))
    this.isNew = registryHome.isNew
    const publication = new Publication(rootFolder, home, registryHome, (message) => report.notice(message))
    const registry = report.step('Registry', () => this.#startService('registry', this.#registryEnvironment()))
    const published = publication.isNeeded ? report.step('Plugins', () => publication.run(registry), (names) => names) : publication.run(registry)
    const database = report.step('Database', () => this.#database.open(), (description) => description)
    // The catalogue is read when the marketplace starts: it waits for what is to be in it.
    const marketplace = Promise.all([registry, published]).then(([url]) => report.step('Marketplace', () => this.#startService('marketplace', this.#marketplaceEnvironment(url, registryHome))))
    const host = database.then(() => report.step('Host', () => this.#startService('host', this.#hostEnvironment(registryHome))))
    const [url] = await Promise.all([host, marketplace, published, registry, database])
    return url.replace('//0.0.0.0:', '//localhost:').replace('//[::]:', '//localhost:') || `http://${settings.bind}:${settings.ports.web}`
  }

  /** Host, marketplace, registry, database: each after those that use it. */
  async stop(): Promise<void> {
    this.isStopping = true
    for (const name of stopOrder) await this.#services.get(name)?.stop(graceMs)
    await this.#database.stop()
    for (const log of this.#logs) log.close()
  }

  /** All at once. */
  kill(): void {
    this.isStopping = true
    for (const service of this.#services.values()) service.kill()
    this.#database.kill()
  }

  #startService(name: ServiceName, environment: NodeJS.ProcessEnv): Promise<string> {
    // Asked to stop while starting: whoever waits for this is not waited for any more.
    if (this.isStopping) return new Promise(() => undefined)
    const { rootFolder, home, report } = this.#options
    const log = new LogFile(home.logs, name)
    const service = new Service({
      name, environment, log, program: join(rootFolder, programs[name]), runFolder: home.run,
      tell: (message) => report.notice(message), onMessage: (message) => this.#hear(message),
    })
    this.#logs.push(log)
    this.#services.set(name, service)
    return service.start()
  }

  #hear({ type, email, password }: ServiceMessage): void {
    if (type === 'first-admin' && typeof email === 'string' && typeof password === 'string') this.firstAdministrator = { email, password }
  }

  #registryEnvironment(): NodeJS.ProcessEnv {
    const { home, settings } = this.#options
    return { ...sharedEnvironment(), OPSFLUX_REGISTRY_HOME: home.registry, OPSFLUX_REGISTRY_PORT: String(settings.ports.registry) }
  }

  #marketplaceEnvironment(registryUrl: string, { root }: RegistryHome): NodeJS.ProcessEnv {
    const { home, settings } = this.#options
    return {
      ...sharedEnvironment(), OPSFLUX_MARKETPLACE_HOME: home.marketplace, OPSFLUX_MARKETPLACE_PORT: String(settings.ports.marketplace),
      OPSFLUX_REGISTRY_URL: registryUrl, OPSFLUX_REGISTRY_ROOT: root,
    }
  }

  #hostEnvironment({ root }: RegistryHome): NodeJS.ProcessEnv {
    const { home, settings: { ports, bind } } = this.#options
    return {
      ...sharedEnvironment(), DATABASE_URL: this.#database.url, OPSFLUX_HOME: home.host, OPSFLUX_PORT: String(ports.web), OPSFLUX_BIND: bind,
      OPSFLUX_REGISTRY_URL: `http://127.0.0.1:${ports.registry}`, OPSFLUX_MARKETPLACE_URL: `http://127.0.0.1:${ports.marketplace}`,
      OPSFLUX_REGISTRY_ROOT: root, OPSFLUX_SECRET_FILE: join(home.keys, 'secret'),
    }
  }
}

/** What a process inherits: not the way into the database, which only the host gets. */
function sharedEnvironment(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _databaseUrl, OPSFLUX_LAUNCH: _launch, ...rest } = process.env
  return { NODE_ENV: 'production', ...rest }
}
