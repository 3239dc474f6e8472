import type { Logger } from 'pino'
import { renew } from './renewal.ts'
import type { Repository } from './repository.ts'

const renewalMs = 600_000
/** How often the log repeats that a key is needed. */
const reminderMs = 86_400_000

/** Renews while the registry runs, and tells the log what it cannot renew. */
export class Renewer {
  readonly #repository: Repository
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #told = ''
  #toldAt = 0

  constructor(repository: Repository, log: Logger) {
    this.#repository = repository
    this.#log = log
  }

  /** What cannot be renewed is told and served on: it holds until it has expired. */
  async start(): Promise<void> {
    await this.#tryToRenew()
    this.#timer = setInterval(() => void this.#tryToRenew(), renewalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tryToRenew(): Promise<void> {
    return this.#renew().catch((error: unknown) => this.#log.error({ err: error }, 'renewal failed'))
  }

  async #renew(): Promise<void> {
    const { renewed, waiting } = await renew(this.#repository)
    if (renewed.length > 0) this.#log.info({ roles: renewed }, 'signed anew')
    const news = waiting.join(' ')
    if (news === '' || (news === this.#told && Date.now() - this.#toldAt < reminderMs)) return
    this.#told = news
    this.#toldAt = Date.now()
    this.#log.warn({ roles: waiting }, 'half of the lifetime is over and the keys are not here: sign anew before the rest is, as `opsflux registry status` says')
  }
}
