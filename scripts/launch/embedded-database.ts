import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningPostgres } from '@opsflux/data'
import { identifyProcess } from '../setup/process-identity.mjs'
import type { Database } from './database.ts'
import { LaunchError } from './launch-error.ts'
import type { Settings } from './settings.ts'

const watchEveryMs = 500

/** The PostgreSQL that came with the installation: started or attached to, watched, started again when it dies. */
export class EmbeddedDatabase implements Database {
  readonly #port: number
  readonly #dataDir: string
  readonly #tell: (message: string) => void
  #running: RunningPostgres | undefined
  #identity: string | undefined
  #starting: Promise<void> | undefined
  #watch: NodeJS.Timeout | undefined
  #isRestarting = false
  #isStopping = false
  #failure = ''

  constructor(settings: Settings, tell: (message: string) => void) {
    this.#port = settings.ports.database
    this.#dataDir = join(settings.home, 'postgres')
    this.#tell = tell
  }

  /** One that outlived a killed launcher holds the port rightly: it is attached to. */
  get needsPort(): boolean {
    return !existsSync(join(this.#dataDir, 'cluster', 'postmaster.pid'))
  }

  get url(): string {
    if (!this.#running) throw new LaunchError('The database is not open yet.')
    return this.#running.url
  }

  async open(): Promise<string> {
    this.#starting = this.#start()
    await this.#starting.catch((cause: unknown) => {
      throw new LaunchError(`The database did not start. ${messageOf(cause)} (OPSFLUX_DATABASE_PORT moves its port, now ${this.#port}.)`, { cause })
    })
    if (!this.#isStopping) this.#watch = setInterval(() => this.#look(), watchEveryMs)
    return 'embedded PostgreSQL'
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#watch)
    await this.#starting?.catch(() => undefined)
    await this.#running?.stop()
  }

  kill(): void {
    this.#isStopping = true
    clearInterval(this.#watch)
    // PostgreSQL's immediate shutdown: its children end with it, the next start replays the log, nothing acknowledged is lost.
    if (this.#running && this.#identity === identifyProcess(this.#running.pid)) process.kill(this.#running.pid, 'SIGQUIT')
  }

  async #start(): Promise<void> {
    const { startPostgres } = await import('@opsflux/data')
    this.#running = await startPostgres({ dataDir: this.#dataDir, port: this.#port })
    this.#identity = identifyProcess(this.#running.pid)
  }

  #look(): void {
    if (this.#isRestarting || !this.#running || identifyProcess(this.#running.pid) === this.#identity) return
    this.#isRestarting = true
    if (this.#failure === '') this.#tell('The database ended unexpectedly: starting it again')
    this.#starting = this.#start()
    this.#starting.then(() => this.#told('', 'The database serves again'), (cause: unknown) => this.#told(messageOf(cause), `The database does not start: ${messageOf(cause)}`))
      .finally(() => { this.#isRestarting = false })
  }

  /** The same failure again and again is told once. */
  #told(failure: string, message: string): void {
    if (failure === '' || failure !== this.#failure) this.#tell(message)
    this.#failure = failure
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
