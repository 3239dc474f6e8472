import { copyFileSync, existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, type Database } from './database.ts'
import type { Home } from './home.ts'
import { LogFile } from './log-file.ts'
import type { Report } from './report.ts'
import { Service } from './service.ts'
import type { Settings } from './settings.ts'

export interface FirstAdministrator {
  email: string
  password: string
}

export interface PlatformOptions {
  rootFolder: string
  settings: Settings
  home: Home
  report: Report
  /** Brings the first-party releases into the registry that runs at the URL. */
  publish: (registryUrl: string) => Promise<string>
}

const graceMs = 10_000
type ServiceName = 'host' | 'marketplace' | 'registry'
const stopOrder: readonly ServiceName[] = ['host', 'marketplace', 'registry']

/** The processes of one installation: what starts before what, and what stops after what. */
export class Platform {
  url = ''
  firstAdministrator: FirstAdministrator | undefined
  readonly #options: PlatformOptions
  readonly #services = new Map<ServiceName, Service>()
  readonly #logs: LogFile[] = []
  #database: Database | undefined
  #stopping = false

  constructor(options: PlatformOptions) {
    this.#options = options
  }

  /** @throws LaunchError */
  async start(): Promise<void> {
    const { report } = this.#options
    const database = report.step('Database', () => this.#openDatabase(), ({ description }) => description)
    // The registry makes its root at its first start; from then on the host and the marketplace need not wait for it.
    const registry = report.step('Registry', () => this.#startService('registry'))
    // Looked at one by one below: a failure of one must not be left unheard while another is waited for.
    await Promise.all([database, existsSync(this.#pinnedRoot) ? registry.then(() => undefined, () => undefined) && this.#startMarketplace() : registry])
  }

  get #pinnedRoot(): string {
    return join(this.#options.settings.home, 'root.json')
  }
}
